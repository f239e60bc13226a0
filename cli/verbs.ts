import { apply } from './apply.ts'
import { audit } from './audit.ts'
import { capture } from './capture.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { down } from './down.ts'
import { exec } from './exec.ts'
import { explain } from './explain.ts'
import { images } from './images.ts'
import { kernel } from './kernel.ts'
import { logs } from './logs.ts'
import { ls } from './ls.ts'
import { monitor } from './monitor.ts'
import { open } from './open.ts'
import { rotate } from './rotate.ts'
import { shell } from './shell.ts'
import { status } from './status.ts'
import { up } from './up.ts'
import { verify } from './verify.ts'

/** Every verb, in the order of the help. */
export const verbs = [
  demo,
  verify,
  open,
  explain,
  up,
  ls,
  exec,
  shell,
  capture,
  status,
  monitor,
  audit,
  logs,
  apply,
  rotate,
  down,
  doctor,
  images,
  kernel,
]

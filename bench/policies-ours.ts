/** Our side of bench/policies.ts as a process of its own, in the namespace it is started in. */
import { openXfrm } from '@wireproof/netlink'
import { policies } from './policies-set.ts'

using xfrm = openXfrm()
xfrm.addPolicies(policies)

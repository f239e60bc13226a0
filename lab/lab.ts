import type { AgentStatus, Flow, FlowRecord, SecurityAssociation } from '../agent/api.ts'
import type { FlowQuery } from '../agent/monitor/filter.ts'
import type { Address, NodeSpec, PodSpec, ServiceSpec } from './topology.ts'

/** A node of a running lab. */
export interface LabNode {
  readonly name: string
  /** The node's number, 1 to 65534: it selects the node's addresses and its SPIs. */
  readonly id: number
  /** On the wire that all nodes share. */
  readonly underlay: Address
  /** The prefixes that all pods of this node take their addresses from, one of each family: `10.244.1.0/24`. */
  readonly podCidrs: readonly string[]
  /** That encryption policies select nodes by; none where absent. */
  readonly labels?: Readonly<Record<string, string>>
}

/** A pod of a running lab. */
export interface LabPod {
  readonly name: string
  readonly node: string
  /** One of each family that the lab's pods have. */
  readonly addresses: readonly Address[]
  readonly labels: Readonly<Record<string, string>>
}

/** A command running in a node or a pod. */
export interface LabProcess {
  readonly stdin: NodeJS.WritableStream
  readonly stdout: NodeJS.ReadableStream
  readonly stderr: NodeJS.ReadableStream
  /** Settles when the command ends; the code is 128 + n for signal n. Never rejects for a non-zero code. */
  readonly exit: Promise<number>
  kill(signal?: NodeJS.Signals): void
}

/** What an instrument on one interface reported when it was stopped. */
export interface CapturePoint {
  /**
   * `wire/<node>` for the bridge port that faces a node, `wire/port:<port>` for one that faces none, `pod/<pod>` for a pod's
   * own interface, `node/<node>` for what reaches a node by its own: as it came, and once more where it was decrypted.
   */
  readonly name: string
  /** A pcap file with Ethernet frames. */
  readonly file: string
  /** Frames written to the file. */
  readonly captured: number
  /**
   * Frames that passed the interface while the instrument listened, by the interface's own counters. Fewer captured than
   * passed means that the capture lost some. At a node itself what is decrypted is captured and does not pass again.
   */
  readonly passed: number
  /** Frames the kernel dropped because the instrument was slow. */
  readonly dropped: number
}

/** Instruments at work. */
export interface Capture {
  /** Waits until what has been sent so far has been written; where traffic goes on, not for ever. */
  quiet(): Promise<void>
  /** Stops every instrument once it is quiet. */
  stop(): Promise<CapturePoint[]>
}

/** A connection that should not be there. */
export interface Cable {
  unplug(): Promise<void>
}

/** Somebody on the wire who is no node. */
export interface Stranger extends Cable {
  /** Of the frames it sends, unless it says otherwise. */
  readonly mac: string
  /** Puts an Ethernet frame on the wire as it is. */
  send(frame: Uint8Array): Promise<void>
  /** The next ESP frames that a node puts on the wire for another, which it has at this address. */
  overhear(node: string, to: Address, count: number): Promise<Buffer[]>
}

/** `this` is what every agent of a lab is otherwise. */
export type AgentVersion = 'this' | 'next'

/** What was done to the wire or the store, until it is undone; once more does no harm. */
export interface Severed {
  restore(): Promise<void>
}

/** What all agents of a lab are told through the cluster store. */
export interface EncryptionSettings {
  readonly encryptL3: boolean
  /** Drop what is protected and still in clear; otherwise let it pass, count it and report it. */
  readonly strict: boolean
}

/**
 * A named set of nodes, pods and wires, each node with an agent. Demos reach a cluster through this interface only, so
 * the same demo runs on every substrate.
 */
export interface Lab {
  readonly name: string
  /** Made to be looked into and taken down: its keys protect nothing else. False for a cluster that somebody uses. */
  readonly isDisposable: boolean

  nodes(): Promise<LabNode[]>
  pods(): Promise<LabPod[]>

  /** Starts a command in the network namespace of a node or pod. */
  spawn(target: string, argv: readonly string[]): LabProcess

  /**
   * Starts one instrument per wire port (what came in there, before the bridge forwards it), whoever is behind it, and one
   * per pod. Resolves when every instrument listens. Nodes, pods and strangers that come meanwhile are listened to from before
   * their first packet, and until after the last of those that go. Files go to `directory`.
   *
   * @param also one instrument per node, at the node itself.
   */
  capture(directory: string, signal?: AbortSignal, also?: { readonly nodes: boolean }): Promise<Capture>

  /** @throws AgentError `EAGENT` where the agent does not answer, and when the signal aborts. */
  status(node: string, signal?: AbortSignal): Promise<AgentStatus>
  /** Flow events from now on, until the signal aborts. */
  flows(node: string, signal: AbortSignal): AsyncIterable<Flow>
  /** Flow events of the past, from now on, or both, and where some are missing, until the signal aborts. */
  records(node: string, query: FlowQuery, signal: AbortSignal): AsyncIterable<FlowRecord>
  /** Read from the node's kernel, not from its agent. With keys: handle as secrets. */
  securityAssociations(node: string): Promise<SecurityAssociation[]>
  /** Packets that the node's IPsec has refused so far, by the kernel's names for its reasons, such as `XfrmOutNoStates`. */
  refusals(node: string): Promise<Readonly<Record<string, number>>>

  /** @param podCidrs those that a node had which has left, in place of its own. */
  addNode(node: NodeSpec, podCidrs?: readonly string[]): Promise<LabNode>
  removeNode(name: string): Promise<void>
  /** One that is there already is made anew, and keeps its address. */
  addPod(pod: PodSpec): Promise<LabPod>
  removePod(name: string): Promise<void>

  /**
   * Gives the cluster a fresh key with the next id, 15 being followed by 1, and waits until every node sends under it. What
   * the old one sealed and is on its way is still opened.
   *
   * @returns the ids of the old key and the new.
   */
  rotateKey(): Promise<{ readonly from: number; readonly to: number }>
  /** Writes the settings for all agents and waits until every node's kernel is in that state. */
  configure(settings: EncryptionSettings): Promise<void>
  /**
   * Replaces all network policies by these (YAML, any number of documents; none: no policies), and waits until they are
   * in force on every node.
   *
   * @throws Problem when an agent does not understand them; what was in force before stays.
   */
  setPolicies(documents: string): Promise<void>
  /** The services that pods are behind. */
  services(): Promise<ServiceSpec[]>
  /** Replaces all encryption policies by these, as setPolicies() does network policies; none: all pods are encrypted. */
  setEncryptionPolicies(documents: string): Promise<void>
  /** Takes all its policies out of force. @returns what puts them back, and the settings that it has now. */
  setAside(): Promise<() => Promise<void>>
  /** Freezes a node's agent as if it hung: its datapath stays, nothing is repaired. */
  pauseAgent(node: string): Promise<void>
  resumeAgent(node: string): Promise<void>
  /** Ends a node's agent without warning, as when the kernel is out of memory; one that does not run is no error. */
  killAgent(node: string): Promise<void>
  /** Resolves when the agent answers. Of the `next` version, whose programs keep their maps in another layout, where asked. */
  startAgent(node: string, version?: AgentVersion): Promise<void>
  /** The device on its node by which a pod is connected. */
  podPort(pod: string): Promise<string>
  /** The device by which every node is connected to the wire. */
  wirePort(): Promise<string>
  /** Connects a pod to the wire by a second interface, and leads its traffic to other nodes' pods there. */
  plugIntoWire(pod: string): Promise<Cable>
  /** Connects somebody to the wire who is no node. */
  plugStranger(): Promise<Stranger>
  /** Sends an IPv4 packet from a pod or a node as it is, whatever it says of itself, and with a mark where there is one. */
  sendPacket(target: string, packet: Uint8Array, mark?: number): Promise<void>
  /** Puts the cluster store where no agent can reach it; what it told them before is what they know. */
  severStore(): Promise<Severed>
  /** Has the wire carry nothing to a node nor from it, though what it sends still reaches its port and the instrument there. */
  severWire(node: string): Promise<Severed>
  /** Has the wire deliver each frame to a node twice, beyond every instrument. */
  repeatFrames(node: string): Promise<Severed>
  /** Waits until every agent's kernel state matches the cluster. */
  settled(signal?: AbortSignal): Promise<void>
}

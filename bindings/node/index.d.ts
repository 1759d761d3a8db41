import { EventEmitter } from 'node:events';

/** The version of the library that is loaded, such as "1.0.0". */
export const version: string;

/** What a call has to say: 0 is done, above 0 nothing to hand over, below 0 failed. */
export const Status: {
  readonly KN_OK: 0;
  readonly KN_AGAIN: 1;
  readonly KN_CLOSED: 2;
  readonly KN_INTERRUPTED: 3;
  readonly KN_EINVAL: -101;
  readonly KN_ENOMEM: -102;
  readonly KN_EJSON: -103;
  readonly KN_ETOOBIG: -104;
  readonly KN_ECONNECT: -201;
  readonly KN_ETLS: -202;
  readonly KN_ETIMEOUT: -203;
  readonly KN_EIO: -204;
  readonly KN_EPROTOCOL: -205;
  readonly KN_EBADREQUEST: -301;
  readonly KN_EUNAUTHORIZED: -302;
  readonly KN_EFORBIDDEN: -303;
  readonly KN_ENOVHOST: -304;
  readonly KN_ENOCHANNEL: -305;
  readonly KN_EBADCHANNEL: -306;
  readonly KN_ERATELIMIT: -307;
  readonly KN_EUNAVAILABLE: -308;
  readonly KN_ESERVER: -309;
  readonly KN_ECONFLICT: -310;
  readonly KN_EREPLACED: -311;
  readonly KN_ENOGROUP: -313;
  readonly KN_ESTATE: -401;
  readonly KN_EFORK: -402;
  readonly KN_EFULL: -403;
  readonly KN_EINTERNAL: -999;
};

/** What a worker is doing. */
export const WorkerState: {
  readonly IDLE: 0;
  readonly CONNECTING: 1;
  readonly CONNECTED: 2;
  readonly WAITING: 3;
  readonly CLOSING: 4;
  readonly CLOSED: 5;
};

export const EventKind: { readonly MESSAGE: 0; readonly GAP: 1 };
export const Delivery: { readonly AT_MOST_ONCE: 0; readonly AT_LEAST_ONCE: 1 };
export const Order: {
  readonly NONE: 0;
  readonly SID: 1;
  readonly UID: 2;
  readonly CHANNEL: 3;
};

export const LogLevel: {
  readonly ERROR: 1;
  readonly WARNING: 2;
  readonly INFO: 3;
  readonly DEBUG: 4;
};

/** A call of the library that failed. */
export class KosmonautError extends Error {
  protected constructor();
  /** The status's name, such as 'KN_ENOCHANNEL'. */
  readonly code: string;
  /** The status, below 0 (KN_CLOSED: what was asked was closed before). */
  readonly status: number;
  /** The status code of the HTTP answer that was the failure; 0: there was none. */
  readonly httpStatus: number;
  /** The broker's own number for the failure, such as 454; 0: it had none. */
  readonly serverCode: number;
  /** For how many milliseconds the server asks to wait; null: it does not say. */
  readonly retryAfterMs: number | null;
  /** Whether the same call may well succeed later. */
  readonly isRetriable: boolean;
}

/** A bad argument, JSON that is none, a size over a limit, no memory: nothing was sent. */
export class ArgumentError extends KosmonautError {}

/** The connection: the name, TCP, TLS, a time limit, a peer that is no broker. */
export class ConnectionError extends KosmonautError {}

/** The broker refused. */
export class ResponseError extends KosmonautError {}

/** The call is not allowed now: another is running, too many wait, it is closed. */
export class StateError extends KosmonautError {}

/**
 * What has a default. Times are milliseconds; Infinity or -1 is for ever. Clients and workers
 * ignore what they have no use for. Anything that cannot be is refused: KN_EINVAL, or a TypeError.
 */
export interface Options {
  /** How long connecting may take, name, TCP and TLS together. Default: 5000. */
  connectTimeoutMs?: number;
  /** How long a client's request may take in all. Default: 10000. */
  requestTimeoutMs?: number;
  /** How long a worker's stream may be silent before it is made anew. Default: 45000. */
  idleTimeoutMs?: number;
  /** How long a worker waits before it connects again. Default: 1000 to 30000. */
  reconnectDelay?: { minMs?: number; maxMs?: number };
  /** Which topics a worker asks for, a regular expression (RE2). Default: what handlers cover. */
  filter?: string;
  /** In bytes. Default: 16 MiB. */
  maxEventSize?: number;
  /** In bytes. Default: 1 MiB. */
  maxResponseSize?: number;
  /** How many connections a client opens at most; with 1 requests keep their order. Default: 32. */
  maxConnections?: number;
  /** How many requests may be pending; one more is KN_EFULL. Default: 10000. */
  maxPending?: number;
  /** How often a request is tried again; it has one effect all the same. 0: never. Default: 4. */
  retries?: number;
  /** The name under which the broker lists a worker. */
  workerName?: string;
  /** One of Delivery. AT_LEAST_ONCE: the broker sends an event until it is acknowledged. */
  delivery?: number;
  /** The group whose events a worker shares, at least once. */
  group?: string;
  /** How many events a worker has unacknowledged at most. Default: 256. */
  window?: number;
  /** One of Order: which events are dealt with one after the other. Default: the group's. */
  order?: number;
  /** Whether an event is acknowledged when its handlers are done. Default: true. */
  autoAck?: boolean;
  /** The certificate authorities, a file in PEM form. Default: the system's. */
  caFile?: string;
  /** This side's certificate and key, files in PEM form. */
  clientCertificate?: { certFile: string; keyFile?: string | null };
  /** Whether the server's certificate is verified. Default: true. */
  verify?: boolean;
  /** The proxy's URL; '': none, the default; 'environment': what the environment says. */
  proxy?: string;
  /** A unix socket to connect to instead of the URL's host. */
  unixSocket?: string;
  /** Headers that are sent with every request. */
  headers?: Record<string, string>;
  userAgent?: string;
  /** Where the log goes. The handler is called soon after, on the event loop. */
  log?: { level?: number; handler: (level: number, message: string) => void };
}

export interface WorkerOptions extends Options {
  /** How many events may be with asynchronous handlers at once. Default: 1, one after the other. */
  concurrency?: number;
}

/** A JSON object, or the JSON of one as text or bytes. Without it {}. */
export type Payload = object | string | Uint8Array | null;

export interface Trigger {
  channel: string;
  event: string;
  data?: Payload;
}

/** Triggers that go out together. */
export class Batch {
  constructor();
  /** How many triggers it holds. */
  readonly length: number;
  /** Adds a trigger behind those that are there. */
  add(channel: string, event: string, data?: Payload): this;
  clear(): void;
  /** Frees it now instead of when it is collected. */
  free(): void;
}

/** A connection that is subscribed to a channel, as it was when the broker was asked. */
export class Subscriber {
  private constructor();
  /** The session, that is the connection. */
  readonly sid: string;
  /** The user that it is authenticated as, or null. The broker says so, not the browser. */
  readonly uid: string | null;
  /** Whether it hides from the other members of a presence channel. */
  readonly isHidden: boolean;
  /** What the browser said of itself as it subscribed, as it came; json() reads it. */
  readonly data: string;
  json(): any;
}

/** One page of a channel's subscribers, in the order of their sids. */
export interface SubscriberPage {
  subscribers: Subscriber[];
  /** What to ask for the next page with, as `after`; null: this is the last one. */
  next: string | null;
}

/** A channel that is open, as it was when the broker was asked. */
export interface Channel {
  name: string;
  /** 'normal', 'private' or 'presence'; there may be more one day. */
  type: string;
  /** How many connections are subscribed, those that hide included. */
  subscribers: number;
  /** How many of them the others on a presence channel see; null for channels of other types. */
  members: number | null;
}

/** One page of a vhost's channels, in the order of their names. */
export interface ChannelPage {
  channels: Channel[];
  /** What to ask for the next page with, as `after`; null: this is the last one. */
  next: string | null;
}

/** Plain requests to the broker. */
export class Client {
  /** @param url the vhost's address with its token: http://wr:TOKEN@HOST[:PORT]/VHOST, or https. */
  constructor(url: string, options?: Options);
  /** Opens a channel. Fulfilled too if it was open. */
  openChannel(channel: string): Promise<void>;
  /** Closes a channel; its subscribers are told. */
  closeChannel(channel: string): Promise<void>;
  /** Triggers an event on an open channel. */
  trigger(channel: string, event: string, data?: Payload): Promise<void>;
  /** Triggers many events in one request: for each null, or why it was refused. */
  triggerBatch(triggers: Batch | Iterable<Trigger>): Promise<Array<KosmonautError | null>>;
  /** A single access token for a user and the channels that a regular expression (RE2) matches. */
  requestToken(uid: string, channels: string): Promise<string>;
  /** All who are on a channel, page after page. Without a page size the broker's own. */
  subscribers(channel: string, options?: { pageSize?: number }):
    AsyncGenerator<Subscriber, void, undefined>;
  /** One page of them, behind the sid `after`. */
  subscribersPage(channel: string, options?: { after?: string | null; limit?: number }):
    Promise<SubscriberPage>;
  /** All channels whose names begin with a prefix, page after page. */
  channels(options?: { prefix?: string | null; pageSize?: number }):
    AsyncGenerator<Channel, void, undefined>;
  /** One page of them, behind the name `after`. */
  channelsPage(options?: { prefix?: string | null; after?: string | null; limit?: number }):
    Promise<ChannelPage>;
  /** Waits until the requests made so far have ended. False: the time is up, or interrupted. */
  flush(options?: { timeoutMs?: number }): Promise<boolean>;
  /** Moves requests on now. True: at least one has ended. */
  dispatch(): boolean;
  /** Makes a flush() that waits be fulfilled with false. */
  interrupt(): void;
  /** Waits for the requests made so far, and frees the client. False: some were given up. */
  close(options?: { timeoutMs?: number }): Promise<boolean>;
  requestsWithStatus(status: number): number;
  /** All figures in one object. */
  stats(): {
    requests: number;
    pending: number;
    connections: number;
    retries: number;
    by_status: Record<string, number>;
  };
  readonly isClosed: boolean;
  readonly fd: number;
  readonly pending: number;
  readonly requests: number;
  readonly connections: number;
}

/** A message that a browser sent. */
export class Event {
  private constructor();
  /** One of EventKind. */
  readonly kind: number;
  /** How often it has been delivered, this time included. */
  readonly attempt: number;
  /** The reference under which a page sent it, at least once, or null. */
  readonly ref: string | null;
  /** When the broker took it, at least once: milliseconds since 1970, or null. */
  readonly timeMs: number | null;
  /** channel/name. */
  readonly topic: string;
  readonly channel: string;
  readonly name: string;
  readonly id: string;
  /** The authenticated user whose browser sent it, or null. The broker says so, not the browser. */
  readonly uid: string | null;
  /** The connection whose browser sent it, or null. */
  readonly sid: string | null;
  /** The payload as it came; json() reads it. */
  readonly data: string;
  /** Whether it was neither answered nor let go yet. */
  readonly isPending: boolean;
  readonly isDeferred: boolean;
  json(): any;
  /** Says that it was dealt with. False: too late, it will be delivered again. */
  ack(): boolean;
  /** Gives it back, to be delivered again after a while. */
  nack(delayMs?: number): boolean;
  /** The same, because this program has nothing for it: that does not count against it. */
  decline(delayMs?: number): boolean;
  /** Asks for more time: the broker's deadline for the answer begins anew. False: too late. */
  extend(): boolean;
  /** Says, in a handler, that ack() or nack() will come later. */
  defer(): void;
  /** Another one for the same message, to be answered or freed by itself. */
  retain(): Event;
  /** Lets go of it, unanswered. */
  free(): void;
}

export type Handler = (event: Event) => unknown;

export interface WorkerEvents {
  event: [event: Event];
  /** What ended the worker, or what a handler or a listener threw. */
  error: [error: Error];
  /** A failure that the worker deals with by itself. */
  retry: [error: KosmonautError];
  interrupt: [];
  /** The worker is closed and freed. */
  close: [];
}

/** Receives the events that browsers send. */
export class Worker extends EventEmitter {
  /** @param url as for Client. */
  constructor(url: string, options?: WorkerOptions);

  /** Gives the events that match `channel/event` a handler; either part may be `*`. */
  handle(pattern: string, handler: Handler): this;
  unhandle(pattern: string): this;
  /** For `channel/event` as handle(); for the worker's own events, below, a listener. */
  on(pattern: `${string}/${string}`, handler: Handler): this;
  /** Takes back what on() did. */
  off(pattern: `${string}/${string}`): this;

  /** Hands out events until the worker is closed or interrupted; failures come out as 'error'. */
  start(): this;
  /** The same as a promise, rejected with what ended the worker or what a handler threw. */
  run(): Promise<void>;
  /** Hands out what is there. True: there was something. */
  dispatch(): Promise<boolean>;
  /** The next event; null: none within the time, closed or interrupted. */
  next(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Event | null>;
  [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined>;

  interrupt(): void;
  close(options?: { timeoutMs?: number }): Promise<boolean>;
  /** Lets the process end although the worker waits. */
  unref(): this;
  ref(): this;

  stats(): {
    state: string;
    events: number;
    bytes: number;
    reconnects: number;
    lag_ms: number;
    last_error: { status: string; message: string } | null;
  };
  /** One of WorkerState. */
  readonly state: number;
  /** Its name. */
  readonly stateName: 'idle' | 'connecting' | 'connected' | 'waiting' | 'closing' | 'closed';
  readonly events: number;
  readonly bytes: number;
  readonly reconnects: number;
  /** For how many milliseconds the oldest event that was not handed over has been waiting. */
  readonly lagMs: number;
  readonly lastError: KosmonautError | null;
  readonly isClosed: boolean;
  readonly fd: number;

  on<K extends keyof WorkerEvents>(name: K, listener: (...args: WorkerEvents[K]) => void): this;
  on(name: symbol, listener: (...args: unknown[]) => void): this;
  once<K extends keyof WorkerEvents>(name: K, listener: (...args: WorkerEvents[K]) => void): this;
  once(name: symbol, listener: (...args: unknown[]) => void): this;
  prependListener<K extends keyof WorkerEvents>(name: K,
    listener: (...args: WorkerEvents[K]) => void): this;
  prependListener(name: symbol, listener: (...args: unknown[]) => void): this;
  prependOnceListener<K extends keyof WorkerEvents>(name: K,
    listener: (...args: WorkerEvents[K]) => void): this;
  prependOnceListener(name: symbol, listener: (...args: unknown[]) => void): this;
  off<K extends keyof WorkerEvents>(name: K, listener: (...args: WorkerEvents[K]) => void): this;
  off(name: string | symbol, listener: (...args: unknown[]) => void): this;
}

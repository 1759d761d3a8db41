// The types of webrocket.js. docs/javascript-client.md tells what everything does.

/** What is sent with an event: anything that is a JSON object. */
export type Data = object;

/** What the broker refused, or what the library could not do. */
export interface WebRocketError {
  /** The broker's code, such as 402; 0 where the library speaks for itself. */
  code: number;
  status: string;
  /** Of the application's answer when it gave no token; 0 where there was no answer. */
  httpStatus?: number;
}

export interface Disconnection {
  /** Whether it is what disconnect() asked for. */
  clean: boolean;
  /** The close code of the WebSocket connection. */
  code: number;
}

/** A member of a presence channel: what it gave on joining, with its uid. */
export interface Member {
  uid: string;
  [key: string]: unknown;
}

/** An event as it arrives: its data, with the channel, and the sender's `sid` if that is a page. */
export interface Received {
  channel: string;
  sid?: string;
  [key: string]: any;
}

declare abstract class Emitter<Events> {
  on<Name extends keyof Events>(event: Name, handler: Events[Name]): this;
  /** Without a handler: removes all of the event. */
  off<Name extends keyof Events>(event: Name, handler?: Events[Name]): this;
}

export interface EventAccessor extends Emitter<{
  received: (data: Received) => unknown;
}> {
  readonly name: string;
  /** Sends the event to all subscribers of the channel. Waits until the page is one of them. */
  fire(data?: Data | null): void;
}

export interface Channel extends Emitter<{
  subscribed: (subscribers: Member[]) => unknown;
  unsubscribed: () => unknown;
  online: (member: Member) => unknown;
  offline: (member: Member) => unknown;
  received: (event: string, data: Received) => unknown;
}> {
  readonly name: string;
  /** One's own uid, on a private or presence channel that one has been subscribed to. */
  readonly uid: string | null;
  /** Who is here, by uid; kept current. */
  readonly subscribers: Readonly<Record<string, Member>>;
  event(name: string): EventAccessor;
  leave(data?: Data | null): void;
}

export interface WebRocketOptions {
  /** Where the application gives out tokens; default: `/webrocket/auth.json`. */
  authURL?: string | URL;
  /** Whether this connection tells the console what goes on; default: `WebRocket.debug`. */
  debug?: boolean;
}

export interface JoinOptions {
  /** Neither announced nor listed on a presence channel. */
  hidden?: boolean;
}

export class WebRocket extends Emitter<{
  connected: () => unknown;
  disconnected: (how: Disconnection) => unknown;
  error: (error: WebRocketError) => unknown;
}> {
  static debug: boolean;

  /** Connects at once. */
  constructor(url: string | URL, options?: WebRocketOptions | null);

  /** The broker's id of this connection; null while there is none. */
  readonly sid: string | null;

  authenticate(
    params?: Record<string, string | number | boolean> | URLSearchParams | null,
    url?: string | URL | null): void;
  join(channel: string, data?: Data | null, options?: JoinOptions | null): Channel;
  /** Sends an event to the backend alone. */
  fire(event: string, data?: Data | null): void;
  disconnect(): void;
  reconnect(): void;
  reconnectAfter(milliseconds: number): void;
}

export {}; // Emitter stays inside

// The network between a runtime and its server, as a TCP proxy that a test can spoil: slow, cut,
// frozen (bytes are held back and nobody is told, as when a cable is pulled), down (connections are
// refused), or losing the answers to what the server has committed.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type WaitOptions, waitFor } from "../wait-for.ts";

/** What the server says at the end of what it has made durable. */
const committed = /COMMIT\0|INSERT 0 [1-9]\d*\0/;

export interface LinkOptions {
  /** Where it listens; 127.0.0.1 by default. */
  readonly host?: string;
}

export class Link implements AsyncDisposable {
  /** In each direction, in milliseconds. */
  latencyMs = 0;
  /** Connections made through it so far. */
  connections = 0;
  readonly #host: string;
  #port = 0;
  #server: Server | null = null;
  #target: number;
  #frozen = false;
  #held: (() => void)[] = [];
  #losing = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, host: string) {
    this.#target = target;
    this.#host = host;
  }

  /** To a port of this machine. */
  static async to(target: number, { host = "127.0.0.1" }: LinkOptions = {}): Promise<Link> {
    const link = new Link(target, host);
    await link.up();
    return link;
  }

  /** The same URL, by way of this link. */
  through(url: string): string {
    const moved = new URL(url);
    moved.host = `${this.#host}:${this.#port}`;
    return moved.href;
  }

  /** Takes connections again, at the same port. */
  async up(): Promise<void> {
    this.#server = createServer((client) => this.#carry(client));
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections, and refuses new ones. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = once(server, "close");
    server.close();
    this.cut();
    await closed;
  }

  /** Ends all connections; new ones are possible at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing gets through any more, in either direction, not even the end of a connection. */
  freeze(): void {
    this.#frozen = true;
  }

  /** What was held back arrives now. */
  thaw(): void {
    this.#frozen = false;
    for (const arrive of this.#held.splice(0)) arrive();
  }

  /** From now on connections lead elsewhere; those that are open end. */
  leadTo(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** Cuts connections right after each of the next commits. */
  loseNext(count: number): void {
    this.#losing = count;
  }

  /** The same; resolves when that has happened. */
  async loseCommits(count: number, options: WaitOptions = {}): Promise<void> {
    this.loseNext(count);
    const lost = () => this.#losing === 0;
    await waitFor(lost, { what: `${count} answers to commits to be lost`, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  #carry(client: Socket): void {
    this.connections += 1;
    const server = connect(this.#target, "127.0.0.1");
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    }
    const loses = (bytes: Buffer) => this.#loses(bytes, [client, server]);
    this.#pump(client, server, () => false);
    this.#pump(server, client, loses);
  }

  /** In the order in which it was sent, whatever becomes of the link meanwhile. */
  #pump(from: Socket, to: Socket, swallow: (bytes: Buffer) => boolean): void {
    let before = Promise.resolve();
    const later = (arrive: () => void): void => {
      const journey = this.latencyMs > 0 ? delay(this.latencyMs) : null;
      before = before.then(() => journey).then(() => this.#arrive(arrive));
    };
    from.on("data", (bytes: Buffer) => {
      later(() => {
        if (!to.destroyed && !swallow(bytes)) to.write(bytes);
      });
    });
    from.on("close", () => later(() => void to.destroy()));
  }

  #loses(bytes: Buffer, ends: readonly Socket[]): boolean {
    if (this.#losing === 0 || !committed.test(bytes.toString("latin1"))) return false;
    this.#losing -= 1;
    for (const end of ends) end.destroy();
    return true;
  }

  #arrive(arrive: () => void): void {
    if (this.#frozen) this.#held.push(arrive);
    else arrive();
  }
}

// The control API of a running supervisor: on a unix socket for its owner, and on TCP, when it is
// configured, for probes and for holders of the token.

import { rmSync } from "node:fs";
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { originOf } from "../config/origin.ts";
import type { ControlConfig } from "../config.ts";
import { configurationRoutes } from "./app/routes/configuration.ts";
import { controlApp } from "./app.ts";
import { localDesk } from "./desk/local.ts";
import { Events } from "./events.ts";
import { isLoopback, refusesOtherSites, wantsOwnName, wantsToken } from "./guards.ts";
import { CommandFigures } from "./metrics/command-figures.ts";
import { linkSocket, unlinkSocket } from "./socket/link.ts";
import { listening, listenPrivately } from "./socket/listen.ts";
import type { Backing, ControlTarget } from "./target.ts";

export interface ControlServer {
  /** Takes no more requests; answers those in hand for at most 200 ms, then cuts what is left. */
  close(): Promise<void>;
}

const closePatienceMs = 200;

/** Limits for clients that send slowly, much, or nothing at all. */
const serverOptions = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
};
const maximumConnections = 1_000;

/**
 * Listens where `control` says; the caller holds the lock of the socket (see lock.ts).
 * @throws Error with one sentence when a port or a path cannot be had; nothing listens then
 */
export async function serveControl(
  control: ControlConfig,
  target: ControlTarget,
): Promise<ControlServer> {
  const backing = backingOf(target);
  const local = httpServer(controlApp(backing, { others: configurationRoutes(target) }));
  await listenPrivately(local, control.socket);
  const servers = [local];
  const { file } = target.config;
  if (originOf(target.config)) linkSocket(file, control.socket);
  const close = (): Promise<void> => {
    unlinkSocket(file, control.socket);
    backing.figures.close();
    backing.events.close();
    return closeAll(servers, control.socket);
  };
  try {
    if (control.http !== null) servers.push(await serveTcp(control, control.http, backing));
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

function backingOf(target: ControlTarget): Backing {
  return {
    target,
    desk() {
      const { store, commands, config } = target;
      const whyNot = "this runtime runs no commands: its configuration says `commands: false`";
      const runs = config.commands;
      return localDesk({ store, live: runs && commands, folder: runs?.output ?? null, whyNot });
    },
    events: new Events(target),
    figures: new CommandFigures(target.commands),
  };
}

async function serveTcp(
  control: ControlConfig,
  where: { readonly host: string; readonly port: number },
  backing: Backing,
): Promise<Server> {
  if (control.token === "" && !isLoopback(where.host)) {
    throw new Error(
      `control.http listens on ${where.host}, which other machines reach, without a token; ` +
        "set control.token, or listen on 127.0.0.1",
    );
  }
  const guards = [wantsOwnName(where.host), refusesOtherSites, wantsToken(control.token)];
  const server = httpServer(controlApp(backing, { guards }));
  await listening(server, where).catch((error: NodeJS.ErrnoException) => {
    throw new Error(cannotListen(error, `${where.host}:${where.port}`), { cause: error });
  });
  return server;
}

function httpServer(app: Hono): Server {
  // Without an HTTP/2 factory among its options the adaptor makes a plain server.
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  server.maxConnections = maximumConnections;
  return server;
}

function cannotListen(error: NodeJS.ErrnoException, address: string): string {
  const hint = "set control.http to another address";
  if (error.code === "EADDRINUSE") {
    return `control.http: another program already listens on ${address}; stop it, or ${hint}`;
  }
  if (error.code === "EACCES") return `control.http: ${address} is not permitted to us; ${hint}`;
  return `control.http: cannot listen on ${address} (${error.message}); ${hint}`;
}

async function closeAll(servers: readonly Server[], socket: string): Promise<void> {
  // First, so that a client is told at once that nothing listens; the lock is still ours.
  rmSync(socket, { force: true });
  await Promise.all(servers.map(closeServer));
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), closePatienceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

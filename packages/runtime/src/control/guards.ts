// Who may talk to the control API over TCP. The unix socket needs none of this: its mode lets in
// its owner alone, and no browser can reach it.

import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { MiddlewareHandler } from "hono";
import { Problem } from "./problem.ts";

/** Answered to everybody: an orchestrator has no token, and they tell nothing but a yes or no. */
const open: ReadonlySet<string> = new Set(["/livez", "/readyz"]);

/** Wants `Authorization: Bearer <token>`; with no token configured only probes are served. */
export function wantsToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (context, next) => {
    if (!open.has(context.req.path)) {
      if (token === "") {
        const why = "no token is configured, so only /livez and /readyz are served over TCP";
        throw new Problem(403, `${why}; set control.token, or use the socket`);
      }
      const given = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1] ?? "";
      // Digests have one length, so that the comparison tells nothing about the token.
      if (!timingSafeEqual(digest(given), expected)) {
        context.header("www-authenticate", "Bearer");
        throw new Problem(401, "send the configured token as `Authorization: Bearer <token>`");
      }
    }
    await next();
  };
}

/**
 * Against DNS rebinding, where a name of the attacker's leads a browser to us: on loopback only
 * loopback names are answered; elsewhere the configured name, and addresses, which no DNS can fake.
 */
export function wantsOwnName(host: string): MiddlewareHandler {
  const loopback = isLoopback(host);
  return async (context, next) => {
    const asked = hostName(context.req.header("host") ?? "");
    const own =
      isLoopback(asked) || asked === host.toLowerCase() || (!loopback && isIP(asked) !== 0);
    if (!own) throw new Problem(403, `this is not the host "${asked.slice(0, 100)}"`);
    await next();
  };
}

/**
 * Refuses what a page of another site makes a browser ask for, also where it only reads: without an
 * answer nothing can be guessed from sizes and times. Following a link is no page's doing.
 */
export const refusesOtherSites: MiddlewareHandler = async (context, next) => {
  const { method, path } = context.req;
  const header = (name: string) => context.req.header(name);
  const origin = header("origin");
  const foreign = origin !== undefined && originHost(origin) !== header("host");
  const site = header("sec-fetch-site") ?? "none";
  const reads = method === "GET" || method === "HEAD";
  const follows = reads && header("sec-fetch-mode") === "navigate";
  const otherSite = site !== "none" && site !== "same-origin" && !follows;
  if ((foreign || otherSite) && !(reads && open.has(path))) {
    throw new Problem(403, "requests from pages of other sites are refused");
  }
  await next();
};

export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase();
  return bare === "localhost" || bare === "::1" || (isIP(bare) === 4 && bare.startsWith("127."));
}

/** `[::1]:7070` and `localhost:7070` without the port and the brackets. */
function hostName(header: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header);
  return (match?.[1] ?? match?.[2] ?? header).toLowerCase();
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

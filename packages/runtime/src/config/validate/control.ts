// `control:`, where a running runtime can be asked and told things.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { isIP } from "node:net";
import { relative, resolve } from "node:path";
import type { ControlConfig } from "../../config.ts";
import { defaults } from "../defaults.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import { field, fields, placeOf, type Reader, text } from "../readers.ts";
import type { Tree } from "../yaml/tree.ts";

type Address = NonNullable<ControlConfig["http"]>;

/** The kernel's limit for the path of a unix socket, less the byte that ends it. */
const longestSocket = 107;

/** @param folder that relative paths start at @param storeFolder that holds the default socket */
export function readControl(folder: string, storeFolder: string): Reader<ControlConfig> {
  return (tree, problems) => {
    const read = fields(tree, problems, {
      socket: field<string | null>(text("write a path, such as ./data/runtime.sock"), null),
      http: field<Address | null>(address, null),
      token: field(token, ""),
    });
    if (read.http !== null && read.token === "" && !isLoopback(read.http.host)) {
      const advice = "set control.token, or write 127.0.0.1";
      problems.add(
        placeOf(tree, "http"),
        `${quote(read.http.host)} can be reached from other machines without a token; ${advice}`,
      );
    }
    const socket =
      read.socket === null ? resolve(storeFolder, defaults.socket) : resolve(folder, read.socket);
    checkLength(socket, placeOf(tree, "socket"), problems);
    return { ...read, socket };
  };
}

/** What an absent `control:` means. */
export function defaultControl(storeFolder: string, problems: Problems): ControlConfig {
  const socket = resolve(storeFolder, defaults.socket);
  checkLength(socket, { line: 1, column: 1, path: "control.socket" }, problems);
  return { socket, http: null, token: "" };
}

/** A path that is too long as a whole may still be short from the working directory. */
function checkLength(socket: string, place: Tree["place"], problems: Problems): void {
  const lengths = [socket, relative(process.cwd(), socket)].map((path) => Buffer.byteLength(path));
  if (Math.min(...lengths) <= longestSocket) return;
  const sentence = `the path of the socket has ${lengths[0]} bytes, more than ${longestSocket}`;
  problems.add({ ...place, path: "control.socket" }, `${sentence}; write a shorter control.socket`);
}

const address: Reader<Address> = (tree, problems) => {
  const advice = 'write host and port, such as "127.0.0.1:7070"';
  const value = text(advice)(tree, problems);
  if (value === undefined) return undefined;
  const [, bracketed, bare, digits] =
    /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(value) ?? [];
  const host = bracketed ?? bare;
  const port = Number(digits);
  const valid =
    host !== undefined && port <= 65_535 && (bracketed === undefined || isIP(host) === 6);
  if (valid) return { host, port };
  problems.add(tree.place, `${quote(value)} is not an address; ${advice}`);
  return undefined;
};

/** Never quoted in a message. Empty means none. */
const token: Reader<string> = (tree, problems) => {
  const advice = "write it in quotes, or ${RUNTIME_TOKEN}";
  if (tree.kind === "scalar" && tree.text === "") return "";
  if (tree.kind !== "scalar" || tree.text === null) {
    problems.add(tree.place, `a token is text; ${advice}`);
    return undefined;
  }
  if (/^[\x21-\x7e]{1,1024}$/.test(tree.text)) return tree.text;
  problems.add(tree.place, `a token has no spaces and only ASCII signs; write another`);
  return undefined;
};

function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

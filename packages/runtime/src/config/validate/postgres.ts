// The URL of a PostgreSQL store: what must be wrong with it, before anybody connects. Most mistakes
// are signs in a password that had to be encoded, so no message repeats any part of the URL.

import { isAbsolute } from "node:path";
import { suggest } from "../suggest.ts";

export const postgresAdvice = "write postgres://user:password@host:5432/database";

const encode = "in a password, @ is written %40, / %2F, ? %3F, # %23 and % %25";

/** `user@/database?host=/folder`, which is a URL to PostgreSQL only, as one to everybody. */
export function withHost(url: string): string {
  return url.replace(/^(\w+:\/\/[^/?]*@)\//, "$1localhost/");
}

/** One sentence without an end, or null when nothing is wrong. */
export function complainOfPostgres(text: string): string | null {
  if (!/^\w+:\/\//.test(text)) return "after postgres: comes // and a host";
  const rest = text.slice(text.indexOf("//") + 2);
  if (/\s/.test(rest)) return "it has a space in it, which is written %20";
  const url = URL.parse(withHost(text));
  if (url === null || rest.includes("#") || /[/?].*@/.test(rest) || !isDecodable(rest)) {
    return `it cannot be read (${encode})`;
  }
  const hosts = rest.replace(/^[^/?]*@/, "").startsWith("/") ? "" : url.hostname;
  return complainOfPlace(url, hosts) ?? complainOfParameters(url.searchParams);
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
}

function complainOfPlace(url: URL, hostname: string): string | null {
  const host = url.searchParams.get("host") ?? hostname;
  if (host === "") return "the host is missing";
  if (host.includes(",")) return "it names several hosts, and pg connects to one";
  if (url.port === "0") return "there is no port 0";
  const database = url.pathname.slice(1);
  if (database === "") return "the name of the database is missing";
  if (database.includes("/")) return "the name of the database has a / in it";
  return null;
}

function complainOfParameters(parameters: URLSearchParams): string | null {
  const names = [...parameters.keys()];
  const strange = names.find((name) => !Object.hasOwn(known, name));
  if (strange !== undefined) {
    return `it has a parameter that is not known (${suggest(strange, Object.keys(known))})`;
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `its parameter ${twice} is there twice`;
  const [wrong] = names.filter((name) => !known[name]?.takes(parameters.get(name) ?? ""));
  return wrong === undefined ? null : `its parameter ${wrong} is not ${known[wrong]?.form}`;
}

interface Parameter {
  readonly takes: (value: string) => boolean;
  /** What follows "is not". */
  readonly form: string;
}

const given: Parameter = { takes: (value) => value !== "", form: "given" };
const file: Parameter = { takes: isAbsolute, form: "the absolute path of a file" };

function oneOf(...choices: readonly string[]): Parameter {
  return { takes: (value) => choices.includes(value), form: `one of ${choices.join(", ")}` };
}

const port: Parameter = {
  takes: (value) => /^[1-9]\d{0,4}$/.test(value) && Number(value) < 65_536,
  form: "a port",
};

const schema: Parameter = {
  takes: (value) => /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(value),
  form: "a name of at most 63 lower-case letters, digits and _, which does not begin with pg_",
};

/** Ours is the first; of what `pg` understands, all but what would change how rows are read. */
const known: Readonly<Record<string, Parameter>> = {
  schema,
  host: given,
  port,
  user: given,
  password: given,
  sslmode: oneOf("disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"),
  sslcert: file,
  sslkey: file,
  sslrootcert: file,
  sslnegotiation: oneOf("postgres", "direct"),
  ssl: oneOf("true", "1", "0"),
  uselibpqcompat: oneOf("true", "false"),
  channel_binding: oneOf("disable", "prefer", "require"),
  application_name: given,
  options: given,
};

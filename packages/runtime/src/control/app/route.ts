// One route of the control API: how it is asked, what it answers, what it does. The same table
// routes requests, checks them, and is the OpenAPI document.

import type { ObjectOf, Schema, Shape } from "./schema.ts";

export interface Input<Query extends Shape, Body> {
  /** `{id}` of the path. */
  readonly id: number;
  /** `{name}` of the path. */
  readonly name: string;
  readonly query: ObjectOf<Query>;
  readonly body: Body;
  header(name: string): string | null;
  /** Breaks the connection off, whatever is on its way. */
  readonly hangUp: () => void;
}

interface Definition<Query extends Shape, Body> {
  readonly method: "GET" | "POST" | "DELETE";
  /** As OpenAPI writes it; `{id}` is a number, `{name}` a text. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Query;
  readonly body?: Schema<Body>;
  /** A question with a body: nobody is told that something may be new. As every GET. */
  readonly changesNothing?: true;
  /** Status to what is answered; the first is that of a plain value. Problems are not named. */
  readonly answers: Readonly<Record<number, Schema | MediaType>>;
  /** A value for JSON, or a whole response. */
  readonly handle: (input: Input<Query, Body>) => unknown;
}

/** An answer that is no JSON. */
export interface MediaType {
  readonly media: string;
}

// biome-ignore lint/suspicious/noExplicitAny: each route knows its own types
export type Route = Definition<any, any>;

export function route<const Query extends Shape = Record<never, Schema>, Body = unknown>(
  definition: Definition<Query, Body>,
): Route {
  return definition;
}

/** A JSON answer with a status that is not the first of its route. */
export class Reply {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

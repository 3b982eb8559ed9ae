// The OpenAPI document of a table of routes. Nothing is said here that the table does not know.

import { problemSchema, titles } from "../problem.ts";
import type { MediaType, Route } from "./route.ts";
import { isOptional, type JsonSchema, reference, type Schema, type Shape } from "./schema.ts";
import { id, name } from "./shapes.ts";

const description =
  "Everything that the command line does, on the unix socket of a running runtime, and over TCP " +
  "with its token. Errors are problem details with one sentence; unknown fields are refused.";

export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  const schemas: Record<string, JsonSchema> = { Problem: problemSchema };
  for (const route of routes) {
    const method = route.method.toLowerCase();
    paths[route.path] = { ...paths[route.path], [method]: operation(route, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Queue Runtime", version, description },
    components: { schemas, securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }, {}],
    paths,
  };
}

function operation(route: Route, schemas: Record<string, JsonSchema>): object {
  const { summary, body } = route;
  const query = (route.query ?? {}) as Shape;
  const parameters = [...pathParameters(route), ...queryParameters(query)];
  for (const schema of Object.values(query)) collect(schema, schemas);
  if (body) collect(body, schemas);
  const content = body && { "application/json": { schema: reference(body) } };
  return {
    operationId: operationId(route),
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(content && { requestBody: { content } }),
    responses: { ...responses(route, schemas), default: problem },
  };
}

const problem = {
  description: "What is wrong, in one sentence",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== "");
  return [method.toLowerCase(), ...words].join("-");
}

function pathParameters({ path }: Route): readonly object[] {
  const places: Readonly<Record<string, Schema>> = { id, name };
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, place = ""]) => {
    return { name: place, in: "path", required: true, schema: places[place]!.json };
  });
}

function queryParameters(query: Shape): readonly object[] {
  return Object.entries(query).map(([each, schema]) => {
    return { name: each, in: "query", required: !isOptional(schema), schema: reference(schema) };
  });
}

function responses(route: Route, schemas: Record<string, JsonSchema>): Record<string, object> {
  const answers: [string, Schema | MediaType][] = Object.entries(route.answers);
  return Object.fromEntries(
    answers.map(([status, answer]) => {
      const words = titles[Number(status)] ?? "OK";
      if ("media" in answer) return [status, described(words, answer.media, { type: "string" })];
      collect(answer, schemas);
      return [status, described(words, "application/json", reference(answer))];
    }),
  );
}

function described(words: string, media: string, schema: JsonSchema): object {
  return { description: words, content: { [media]: { schema } } };
}

/** Puts a schema that has a name, and those inside it, where references lead to. */
function collect(schema: Schema, schemas: Record<string, JsonSchema>): void {
  if (schema.name !== undefined) schemas[schema.name] ??= schema.json;
  for (const part of schema.parts ?? []) collect(part, schemas);
}

// What a request may hold and an answer holds: one description that checks values, with a sentence
// where they are wrong, and is JSON Schema for the OpenAPI document. Only what the routes need.

import { Problem } from "../problem.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Schema<Value = unknown> {
  readonly json: JsonSchema;
  /** @throws Problem 400 that names `where` */
  readonly read: (value: unknown, where: string) => Value;
  /** What a text of the query means, before it is read; the text itself by default. */
  readonly fromTexts?: (texts: readonly string[], where: string) => unknown;
  /** Where the document keeps it, for schemas that are used often. */
  readonly name?: string;
  /** Schemas inside it, which may have names. */
  readonly parts?: readonly Schema[];
}

export interface Optional<Value = unknown> extends Schema<Value> {
  readonly optional: true;
}

export type Shape = Readonly<Record<string, Schema>>;
export type ValueOf<Of> = Of extends Schema<infer Value> ? Value : never;

type OptionalKeys<Of extends Shape> = {
  [Key in keyof Of]: Of[Key] extends Optional ? Key : never;
}[keyof Of];

export type ObjectOf<Of extends Shape> = {
  readonly [Key in Exclude<keyof Of, OptionalKeys<Of>>]: ValueOf<Of[Key]>;
} & { readonly [Key in OptionalKeys<Of>]?: ValueOf<Of[Key]> };

export function optional<Value>(schema: Schema<Value>): Optional<Value> {
  return { ...schema, optional: true };
}

export function isOptional(schema: Schema): boolean {
  return "optional" in schema;
}

/** Kept once in the document, under this name. */
export function named<Value>(name: string, schema: Schema<Value>): Schema<Value> {
  return { ...schema, name };
}

export function text(
  bounds: { readonly least?: number; readonly most?: number } = {},
): Schema<string> {
  const { least = 0, most = 1_000_000 } = bounds;
  return {
    json: { type: "string", ...(least > 0 && { minLength: least }), maxLength: most },
    read(value, where) {
      if (typeof value !== "string") throw wrong(where, "must be a text");
      if (value.length < least) throw wrong(where, "must not be empty");
      if (value.length > most) throw wrong(where, `can have ${most} characters`);
      return value;
    },
  };
}

export function integer(least: number, most: number): Schema<number> {
  return {
    json: { type: "integer", minimum: least, maximum: most },
    fromTexts: ([given = ""]) => (/^-?\d{1,16}$/.test(given) ? Number(given) : given),
    read(value, where) {
      if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) {
        return value as number;
      }
      throw wrong(where, `must be a whole number from ${least} to ${most}`);
    },
  };
}

export const flag: Schema<boolean> = boolean();

function boolean(): Schema<boolean> {
  return {
    json: { type: "boolean" },
    fromTexts: ([given = ""]) => (given === "true" ? true : given === "false" ? false : given),
    read(value, where) {
      if (typeof value === "boolean") return value;
      throw wrong(where, "must be true or false");
    },
  };
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Schema<Choice> {
  return {
    json: { type: "string", enum: choices },
    fromTexts: ([given = ""]) => given,
    read(value, where) {
      const found = choices.find((choice) => choice === value);
      if (found !== undefined) return found;
      throw wrong(where, `must be one of ${choices.join(", ")}`);
    },
  };
}

export function nullable<Value>(schema: Schema<Value>): Schema<Value | null> {
  return {
    json: { anyOf: [reference(schema), { type: "null" }] },
    parts: [schema],
    read: (value, where) => (value === null ? null : schema.read(value, where)),
  };
}

/** In a query it is given several times; or separated by commas, but for free text. */
export function listOf<Value>(item: Schema<Value>, most: number): Schema<readonly Value[]> {
  return {
    json: { type: "array", items: reference(item), maxItems: most },
    parts: [item],
    fromTexts(texts, where) {
      const { fromTexts } = item;
      if (!fromTexts) return texts;
      return texts.flatMap((each) => each.split(",")).map((each) => fromTexts([each], where));
    },
    read(value, where) {
      if (!Array.isArray(value)) throw wrong(where, "must be a list");
      if (value.length > most) throw wrong(where, `can have ${most} entries`);
      return value.map((each, at) => item.read(each, `${where}[${at}]`));
    },
  };
}

export function mapOf<Value>(item: Schema<Value>): Schema<Readonly<Record<string, Value>>> {
  return {
    json: { type: "object", additionalProperties: reference(item) },
    parts: [item],
    read(value, where) {
      const entries = Object.entries(objectAt(value, where));
      return Object.fromEntries(
        entries.map(([key, each]) => [key, item.read(each, inside(where, key))]),
      );
    },
  };
}

/** Fields that it does not name are refused: a mistyped one must not pass for one left out. */
export function object<const Of extends Shape>(fields: Of): Schema<ObjectOf<Of>> {
  const names = Object.keys(fields);
  const required = names.filter((name) => !isOptional(fields[name]!));
  const properties = names.map((name) => [name, reference(fields[name]!)]);
  return {
    json: {
      type: "object",
      properties: Object.fromEntries(properties),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    },
    parts: Object.values(fields),
    read(value, where) {
      const given = objectAt(value, where);
      const stranger = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
      if (stranger !== undefined) throw unknownField(stranger, names, where);
      const found = names.flatMap((name) => {
        const field = fields[name]!;
        if (Object.hasOwn(given, name))
          return [[name, field.read(given[name], inside(where, name))]];
        if (isOptional(field)) return [];
        throw wrong(inside(where, name), "is missing");
      });
      return Object.fromEntries(found) as ObjectOf<Of>;
    },
  };
}

/** JSON of any kind. In a query it is written as JSON. */
export const anything: Schema<unknown> = { json: {}, read: (value) => value };

/** Of a query: the value as JSON. */
export function asJson<Value>(schema: Schema<Value>): Schema<Value> {
  return {
    ...schema,
    fromTexts([given = ""], where) {
      try {
        return JSON.parse(given);
      } catch {
        throw wrong(where, "must be JSON");
      }
    },
  };
}

export function reference(schema: Schema): JsonSchema {
  return schema.name === undefined ? schema.json : { $ref: `#/components/schemas/${schema.name}` };
}

function objectAt(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw wrong(where, "must be a JSON object");
}

function inside(where: string, name: string): string {
  const shown = name.slice(0, 60);
  return where === "the body" || where === "" ? `"${shown}"` : `${where}.${shown}`;
}

function unknownField(name: string, known: readonly string[], where: string): Problem {
  const fields = known.length === 0 ? "it has none" : `its fields are ${known.join(", ")}`;
  return new Problem(400, `${where} has no field ${JSON.stringify(name.slice(0, 60))}; ${fields}`);
}

function wrong(where: string, what: string): Problem {
  return new Problem(400, `${where} ${what}`);
}

// Whether a value is what a JSON Schema says, for the part of JSON Schema that our document uses. Any
// other keyword is an error: a check that passes over what it does not know is no check.

type Schema = Readonly<Record<string, unknown>>;

const known = new Set([
  ...["$ref", "type", "enum", "anyOf", "oneOf", "properties", "required", "additionalProperties"],
  ...["items", "maxItems", "minimum", "maximum", "minLength", "maxLength", "format"],
]);

/** What is wrong, with where; empty when it fits. */
export function misfits(document: object, schema: Schema, value: unknown, at = "$"): string[] {
  const stranger = Object.keys(schema).find((each) => !known.has(each));
  if (stranger !== undefined) return [`${at}: the schema has an unknown keyword ${stranger}`];
  const inner = (part: unknown, found: unknown, where: string) =>
    misfits(document, part as Schema, found, where);
  if (schema.$ref !== undefined) return inner(resolve(document, String(schema.$ref)), value, at);
  for (const word of ["anyOf", "oneOf"]) {
    const parts = schema[word] as Schema[] | undefined;
    if (parts === undefined) continue;
    const all = parts.map((part) => inner(part, value, at));
    return all.some((wrong) => wrong.length === 0) ? [] : all.flat();
  }
  if (schema.enum !== undefined && !(schema.enum as unknown[]).includes(value)) {
    return [`${at}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema.enum)}`];
  }
  if (schema.type !== undefined && typeOf(value, schema.type) !== schema.type) {
    return [`${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  }
  if (typeof value === "number") return outside(schema, value, at);
  if (Array.isArray(value)) {
    const many = value.length > Number(schema.maxItems ?? Infinity) ? [`${at}: too many`] : [];
    const wrong = value.flatMap((each, n) => inner(schema.items ?? {}, each, `${at}[${n}]`));
    return [...many, ...wrong];
  }
  if (typeof value === "object" && value !== null) return insideObject(document, schema, value, at);
  return [];
}

function insideObject(document: object, schema: Schema, value: object, at: string): string[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const missing = ((schema.required ?? []) as string[])
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    const own = properties[name] ?? schema.additionalProperties ?? {};
    if (own === false) return [`${at}.${name} is not in the document`];
    return misfits(document, own as Schema, each, `${at}.${name}`);
  });
  return [...missing, ...wrong];
}

function outside({ minimum, maximum }: Schema, value: number, at: string): string[] {
  const fits = value >= Number(minimum ?? -Infinity) && value <= Number(maximum ?? Infinity);
  return fits ? [] : [`${at}: ${value} is out of bounds`];
}

function typeOf(value: unknown, wanted: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (wanted === "integer" && Number.isInteger(value)) return "integer";
  return typeof value;
}

function resolve(document: object, reference: string): unknown {
  const path = reference.replace(/^#\//, "").split("/");
  let part: unknown = document;
  for (const name of path) part = (part as Record<string, unknown> | undefined)?.[name];
  if (part === undefined) throw new Error(`${reference} leads nowhere`);
  return part;
}

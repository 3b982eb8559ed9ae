// The URL of a store as people and logs may see it: where it is, and no password.

/** Of a valid URL. What is left of a server's: user, host, port, database and schema. */
export function shownStore(url: string): string {
  if (!/^postgres(?:ql)?:/.test(url)) return url;
  const [, scheme, authority = "", path = "", query = ""] = parts.exec(url) ?? [];
  const at = authority.lastIndexOf("@");
  const user = authority.slice(0, Math.max(0, at)).split(":", 1)[0];
  const given = new URLSearchParams(query);
  const kept = ["host", "port", "schema"].flatMap((name) => {
    const value = given.get(name);
    return value === null ? [] : [`${name}=${value}`];
  });
  const place = `${user ? `${user}@` : ""}${authority.slice(at + 1)}${path}`;
  return `${scheme}//${place}${kept.length > 0 ? `?${kept.join("&")}` : ""}`;
}

const parts = /^([a-z]+:)\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/;

// One word as a POSIX shell reads it again: what needs no quotes has none, so that lines stay
// readable.

export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // inside single quotes nothing is special but the quote itself
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What a model, or somebody behind it, may write to own the page or mislead its reader. */

/** A terminal's colours, an override that reverses what follows, a bell, markup that runs. */
export const owning = [
  "\u001b[31mred\u001b[0m \u202egnp.exe \u0007",
  '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">',
].join("\n");

/** The same as a reader is shown it. */
export const owningShown = "\u241bred\u241b \u27e8U+202E\u27e9gnp.exe \u2407";

/** Ends in one line as long as a call may be. */
export const hostile = `${owning}\n${"x".repeat(450_000)}`;

/** Ends in a line of a megabyte, as no fleet answers in most places. */
export const boundless = `${owning}\n${"x".repeat(1_000_000)}`;

/** What drives a page and is no text of somebody else's: without it there is no page to look at. */
const driving =
  /^(id|(task|batch)_id|example|batch|next_cursor|status|reason|kind|action|effect|outcome|day)$/;
const time = /^\d{4}-\d\d-\d\d/;
/** Where keys are names that a stranger chose. */
const named = /^(files|quirks)$/;

/**
 * An answer of the API with every text in it replaced, wherever it stands: each field once by one without
 * bounds, so that the answer stays of a size that a browser can hold.
 */
export function poisoned(answer: unknown): unknown {
  const met = new Set<string>();
  return replaced(answer, "", (field) => {
    if (met.has(field)) return owning;
    met.add(field);
    return boundless;
  });
}

function replaced(value: unknown, field: string, textFor: (field: string) => string): unknown {
  if (typeof value === "string") {
    return driving.test(field) || time.test(value) ? value : textFor(field);
  }
  if (Array.isArray(value)) return value.map((one) => replaced(one, field, textFor));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      named.test(field) ? `${owning} ${name}` : name,
      replaced(one, name, textFor),
    ]),
  );
}

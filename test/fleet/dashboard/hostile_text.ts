/** Text that tries to run script in a page or to mislead its reader. */

/** Terminal colours, an override that reverses the following text, a bell, markup that runs. */
export const hostileText = [
  "\u001b[31mred\u001b[0m \u202egnp.exe \u0007",
  '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">',
].join("\n");

/** The start of the same text as the dashboard shows it. */
export const hostileTextShown = "\u241bred\u241b \u27e8U+202E\u27e9gnp.exe \u2407";

/** Ends in one line as long as a call may be. */
export const longHostileText = `${hostileText}\n${"x".repeat(450_000)}`;

/** Ends in a line of a megabyte, which is longer than the API sends in most fields. */
const hugeHostileText = `${hostileText}\n${"x".repeat(1_000_000)}`;

/** Fields that control a page and contain no untrusted text: without them there is nothing to show. */
const controlField =
  /^(id|(task|batch)_id|example|batch|next_cursor|status|reason|kind|action|effect|outcome|day)$/;
const time = /^\d{4}-\d\d-\d\d/;
/** Objects whose keys are untrusted names. */
const untrustedKeys = /^(files|quirks)$/;

/**
 * An API response with every text replaced by a hostile one. Each field gets the huge text once, so that the
 * response stays small enough for a browser.
 */
export function poisonResponse(response: unknown): unknown {
  const texts = new Set<string>();
  return replaceTexts(response, "", (field) => {
    if (texts.has(field)) return hostileText;
    texts.add(field);
    return hugeHostileText;
  });
}

function replaceTexts(value: unknown, field: string, textFor: (field: string) => string): unknown {
  if (typeof value === "string") {
    return controlField.test(field) || time.test(value) ? value : textFor(field);
  }
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, field, textFor));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      untrustedKeys.test(field) ? `${hostileText} ${name}` : name,
      replaceTexts(item, name, textFor),
    ]),
  );
}

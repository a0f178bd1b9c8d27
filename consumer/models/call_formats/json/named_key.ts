import { isRecord } from "../../../../shared/text/json.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";

/** `<|tools_prefix|>[{"f": {…}}]<|tools_suffix|>`: Apertus, whose calls are keyed by their names. */
export const namedKey: CallFormat = {
  name: "named_key",
  wholeText: false,
  find: (text) =>
    blocks(text, "<|tools_prefix|>", "<|tools_suffix|>").flatMap(({ start, end, inner }) => {
      const value = readLoosely(inner.trim())?.value;
      const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
      const calls = entries.map((entry): LeakedCall | null => {
        const [only, ...others] = isRecord(entry) ? Object.entries(entry) : [];
        if (only === undefined || others.length > 0) return null;
        return { name: only[0], arguments: only[1], start, end };
      });
      // One entry that is not a call means that the list is damaged.
      return calls.every((call) => call !== null) ? calls : [];
    }),
};

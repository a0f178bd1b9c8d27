import { describe, expect, test } from "vitest";
import { openItems } from "../../../producer/batches/items.ts";
import { parseCsv } from "../../../producer/cli/csv/csv_table.ts";
import type { ProducerEnv } from "../../../producer/env.ts";

type Row = Record<string, string>;

/** The rows as a schedule reads them, or why it cannot. */
async function scheduleRows(bytes: Uint8Array): Promise<Row[] | string> {
  const body = new Blob([Uint8Array.from(bytes)]).stream();
  const env = { OBJECTS: { get: async () => ({ body }) } } as unknown as ProducerEnv;
  const items = await openItems(env, "default", { r2: "rows.csv" });
  if (!items.ok) throw new Error(items.error.message);
  const rows: Row[] = [];
  for await (const { value } of items.value) {
    if (!value.ok) return value.error.message;
    rows.push(value.value as Row);
  }
  return rows;
}

function commandLineRows(text: string, delimiter = ","): Row[] {
  const { columns, rows } = parseCsv(text, delimiter);
  return rows.map(({ cells }) =>
    Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? ""])),
  );
}

describe("a CSV file is read alike on the command line and in a schedule", () => {
  test.each<[string, string, Row[]]>([
    [
      "with CR LF and then LF",
      "boat\r\nTern\nGull\nSkua\n",
      [{ boat: "Tern" }, { boat: "Gull" }, { boat: "Skua" }],
    ],
    [
      "with LF and then CR LF",
      "boat,pier\nTern,North\r\nGull,South\r\n",
      [
        { boat: "Tern", pier: "North" },
        { boat: "Gull", pier: "South" },
      ],
    ],
    ["with CR among LF", "boat\nTern\rGull\n", [{ boat: "Tern" }, { boat: "Gull" }]],
    [
      "with breaks inside quotes",
      'boat,memo\r\nTern,"wet\nrope"\nGull,"a\r\nb"\r\n',
      [
        { boat: "Tern", memo: "wet\nrope" },
        { boat: "Gull", memo: "a\r\nb" },
      ],
    ],
    ["without a last break", "boat\r\nTern\nGull", [{ boat: "Tern" }, { boat: "Gull" }]],
    ["with a byte order mark", "\ufeffboat\nÄrö\n", [{ boat: "Ärö" }]],
  ])("%s", async (_name, text, rows) => {
    expect(commandLineRows(text)).toEqual(rows);
    expect(await scheduleRows(new TextEncoder().encode(text))).toEqual(rows);
  });

  test.each(["sep=;\nboat;pier\nTern;North\n", "\ufeffsep=;\r\nboat;pier\r\nTern;North\r\n"])(
    "without the separator line of %j",
    (text) => {
      expect(commandLineRows(text, ";")).toEqual([{ boat: "Tern", pier: "North" }]);
    },
  );
});

describe("a CSV file of a schedule is rejected", () => {
  const bytes = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  test.each([
    ["in Latin-1", bytes("Ym9hdCxzdGFkClpv6yxL9mxuCg=="), "UTF-8"],
    ["in UTF-16 without a mark", bytes("YgBvAGEAdAAKAFQAZQByAG4ACgA="), "UTF-8"],
    ["with a column twice", new TextEncoder().encode("boat,boat\nTern,Gull\n"), '"boat"'],
  ])("%s", async (_name, file, words) => {
    expect(await scheduleRows(file)).toContain(words);
  });
});

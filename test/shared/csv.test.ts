/** CSV files as people write them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CsvReader } from "../../shared/text/csv.ts";

/** The rows as objects and their lines, or what is wrong; `size` is the length of the pieces. */
function read(text: string, delimiter: string | null = null, size = text.length || 1) {
  const reader = new CsvReader({ delimiter });
  const rows = [];
  for (let offset = 0; offset < text.length; offset += size) {
    const pushed = reader.push(text.slice(offset, offset + size));
    if (!pushed.ok) return pushed.error;
    rows.push(...pushed.value);
  }
  const end = reader.end();
  if (!end.ok) return end.error;
  rows.push(...end.value);
  const columns = reader.columns ?? [];
  return rows.map(({ cells, line }) => [
    line,
    Object.fromEntries(columns.map((name, index) => [name, cells[index]])),
  ]);
}

/** The values of a reader that reads the text at once, and the same in pieces of one to three characters. */
function parseBoth(text: string, delimiter: string | null = null) {
  const allRows = read(text, delimiter);
  for (const size of [1, 2, 3]) expect(read(text, delimiter, size)).toEqual(allRows);
  return allRows;
}

describe("rows are read with any line end", () => {
  test.each<[name: string, text: string, rows: unknown]>([
    [
      "CR LF, then LF",
      "boat\r\nTern\nGull\nSkua\n",
      [
        [2, { boat: "Tern" }],
        [3, { boat: "Gull" }],
        [4, { boat: "Skua" }],
      ],
    ],
    [
      "LF, then CR LF",
      "boat,pier\nTern,North\r\nGull,South\r\n",
      [
        [2, { boat: "Tern", pier: "North" }],
        [3, { boat: "Gull", pier: "South" }],
      ],
    ],
    [
      "a header that ends in CR LF",
      "boat,pier\r\nTern,North\nGull,South\n",
      [
        [2, { boat: "Tern", pier: "North" }],
        [3, { boat: "Gull", pier: "South" }],
      ],
    ],
    [
      "CR among LF",
      "boat\nTern\rGull\n",
      [
        [2, { boat: "Tern" }],
        [3, { boat: "Gull" }],
      ],
    ],
    [
      "bare CR",
      "boat\rTern\rGull",
      [
        [2, { boat: "Tern" }],
        [3, { boat: "Gull" }],
      ],
    ],
    [
      "breaks inside quotes",
      'boat,memo\r\nTern,"wet\nrope"\nGull,"a\r\nb"\r\nSkua,c\n',
      [
        [2, { boat: "Tern", memo: "wet\nrope" }],
        [4, { boat: "Gull", memo: "a\r\nb" }],
        [6, { boat: "Skua", memo: "c" }],
      ],
    ],
    [
      "no last break",
      "boat\r\nTern\nGull",
      [
        [2, { boat: "Tern" }],
        [3, { boat: "Gull" }],
      ],
    ],
    [
      "blank lines",
      "\n\nboat\n\nTern\r\n\r\nGull\n\n",
      [
        [5, { boat: "Tern" }],
        [7, { boat: "Gull" }],
      ],
    ],
    [
      "an empty quoted cell, which is a row",
      'boat\n""\nGull\n',
      [
        [2, { boat: "" }],
        [3, { boat: "Gull" }],
      ],
    ],
    ["an empty last cell", "boat,pier\nTern,\n", [[2, { boat: "Tern", pier: "" }]]],
    ["quotes, doubled", 'a,b\n"say ""hi""",""""\n', [[2, { a: 'say "hi"', b: '"' }]]],
    ["a separator in quotes", 'a,b\n"x,y",z\n', [[2, { a: "x,y", b: "z" }]]],
    ["spaces around names", " a , b \n 1 , 2 \n", [[2, { a: " 1 ", b: " 2 " }]]],
    ["only a header", "a,b\n", []],
    ["nothing", "", []],
    ["a column named __proto__", "__proto__,b\n1,2\n", [[2, { ["__proto__"]: "1", b: "2" }]]],
  ])("%s", (_name, text, rows) => {
    expect(parseBoth(text)).toEqual(rows);
  });
});

describe("what Excel writes is read", () => {
  const expectedRows = [[3, { boat: "Tern", pier: "North" }]];
  test.each<[name: string, text: string, delimiter: string | null]>([
    ["a line sep= with --delimiter", "sep=;\nboat;pier\nTern;North\n", ";"],
    ["a line sep= without --delimiter", "sep=;\nboat;pier\nTern;North\n", null],
    ["a mark, CR LF and a line sep=", "\ufeffsep=;\r\nboat;pier\r\nTern;North\r\n", ";"],
    ["a tab", "SEP=\t\r\nboat\tpier\r\nTern\tNorth", null],
    ["another separator than the option's", "sep=,\nboat;pier\nTern;North\n", ";"],
  ])("%s", (_name, text, delimiter) => {
    expect(parseBoth(text, delimiter)).toEqual(expectedRows);
  });

  test("a byte order mark is recognised and is not part of the first name", () => {
    const reader = new CsvReader();
    reader.push("\ufeffa\nÄrö\n");
    expect(reader.end()).toEqual({ ok: true, value: [{ line: 2, cells: ["Ärö"] }] });
    expect([reader.columns, reader.hasBom]).toEqual([["a"], true]);
  });
});

describe("what cannot be read is refused with its line", () => {
  test.each([
    ["two equal columns", "boat,boat\nTern,Gull\n", 'two columns "boat"'],
    ["UTF-16 without a mark", "b\0o\0a\0t\0\n\0", "is not UTF-8 text"],
    [
      "a row that is too long",
      "a,b\n1,2\n1,2,3\n",
      "line 3 of the CSV file has 3 cells, but the header has 2",
    ],
    [
      "a row that is too short",
      "a,b\n1\n",
      "line 2 of the CSV file has 1 cell, but the header has 2",
    ],
    ["an open quote", 'a\n"1\n2\n', "a double quote is not closed, opened on line 2"],
    ["a quote inside a cell", 'a\n1"2"\n', "line 2 has a double quote inside a cell"],
    ["text after a quoted cell", 'a\n"1"2\n', "line 2 has a double quote inside a cell"],
  ])("%s", (_name, text, message) => {
    expect(parseBoth(text)).toContain(message);
  });

  test("a row that is larger than a task may be", () => {
    const reader = new CsvReader({ rowCharsMax: 20 });
    expect(reader.push(`a,b\n${"x".repeat(19)},${"y".repeat(9)}`)).toMatchObject({
      ok: false,
      error: expect.stringContaining("line 2 of the CSV file is longer than 20 characters"),
    });
  });
});

test("any table that is written is read back, in pieces of any size", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", ";", "\n", "\r", " ", "é") });
  const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 });
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(
      table,
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.integer({ min: 1, max: 9 }),
      (rows, end, size) => {
        const text = ["x,y", ...rows.map((row) => row.map(quote).join(","))].join(end);
        const values = read(text, null, size);
        const cells = Array.isArray(values)
          ? values.map(([, value]) => Object.values(value as object))
          : values;
        expect(cells).toEqual(rows);
      },
    ),
    { numRuns: 200 },
  );
});

import { describe, expect, test } from "vitest";
import { coerceTo } from "../../../consumer/models/repair/coerce.ts";
import { readLoosely } from "../../../consumer/models/repair/loose_json.ts";
import { repairCall } from "../../../consumer/models/repair/repair.ts";
import { cleanName } from "../../../consumer/models/repair/tool_name.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { call, chat, readReply } from "../chat.ts";
import { offer, tools } from "../request.ts";

const sent = (name: string, args: unknown) =>
  repairCall({ name, arguments: args }, { tools, cut: false, leaked: false });

describe("a name is cleaned", () => {
  const rows: [string, string][] = [
    ["query<|channel|>commentary", "query"],
    ["  query ", "query"],
    ["functions.query", "query"],
    ["default_api.query", "query"],
    ["functions.query:0", "query"],
    ['"query"', "query"],
    ["`query`", "query"],
    ["query", "query"],
    ["my.query", "my.query"],
    ["", ""],
  ];
  test.each(rows)("%j", (name, clean) => {
    expect(cleanName(name)).toBe(clean);
  });

  test("a name matches case-insensitively where exactly one tool does", () => {
    expect(sent("READ_FILE", '{"path":"a"}')).toMatchObject({
      name: "read_file",
      problem: null,
      quirks: ["tool_name_cleaned"],
    });
  });

  test("but not where two tools do", () => {
    const twins = [offer("run", {}), offer("RUN", {})];
    const repaired = repairCall(
      { name: "Run", arguments: "{}" },
      { tools: twins, cut: false, leaked: false },
    );
    expect(repaired.problem).toContain("no tool named");
  });

  test("a tool is found by its exact name, even if that name has a prefix that cleaning removes", () => {
    const oddOffers = [offer("functions.x", {})];
    const repaired = repairCall(
      { name: "functions.x", arguments: "{}" },
      { tools: oddOffers, cut: false, leaked: false },
    );
    expect(repaired).toMatchObject({ name: "functions.x", problem: null, quirks: [] });
  });

  test("an unknown name is answered with the names that exist", () => {
    expect(sent("explode", "{}").problem).toBe(
      'There is no tool named "explode". The tools are: read_file, write_file, search, list_files, pay.',
    );
  });
});

describe("damaged JSON is read", () => {
  const rows: [name: string, text: string, value: unknown, quirks: string[]][] = [
    ["as it is", '{"a":1}', { a: 1 }, []],
    ["with a bad escape", '{"a":"\\d+"}', { a: "\\d+" }, ["json_escapes_repaired"]],
    [
      "with a Windows path",
      '{"a":"C:\\Users\\me"}',
      { a: "C:\\Users\\me" },
      ["json_escapes_repaired"],
    ],
    ["with a cut unicode escape", '{"a":"\\u12"}', { a: "\\u12" }, ["json_escapes_repaired"]],
    ["with a raw line break", '{"a":"x\ny\tz"}', { a: "x\ny\tz" }, ["json_escapes_repaired"]],
    ["in a fence", '```json\n{"a":1}\n```', { a: 1 }, ["json_peeled"]],
    ["before a closing tag", '{"a":1}</tool_call>', { a: 1 }, ["json_peeled"]],
    ["before special tokens", '{"a":1}<|im_end|>', { a: 1 }, ["json_peeled"]],
    ["in double braces", '{{"a":1}}', { a: 1 }, ["json_peeled"]],
    ["with quote tokens", '{<|"|>a<|"|>:<|"|>b<|"|>}', { a: "b" }, ["json_peeled"]],
    ["with single quotes", "{'a':'b'}", { a: "b" }, ["json_repaired"]],
    ["with single quotes and a bad escape", "{'a':'\\d'}", { a: "\\d" }, ["json_repaired"]],
    ["with Python words", '{"a":True,"b":None}', { a: true, b: null }, ["json_repaired"]],
    ["with a comma too many", '{"a":1,}', { a: 1 }, ["json_repaired"]],
    ["with bare keys", "{a:1}", { a: 1 }, ["json_repaired"]],
    ["with a comment", '{"a":1 /* one */}', { a: 1 }, ["json_repaired"]],
    ["with one bracket too few inside", '{"a":[1,2}', { a: [1, 2] }, ["json_repaired"]],
  ];
  test.each(rows)("%s", (_name, text, value, quirks) => {
    expect(readLoosely(text)).toEqual({ value, quirks });
  });

  const rejectedCases: [string, string][] = [
    ["that ends inside a string", '{"a":"b'],
    ["that ends inside a string with a brace", '{"content":"function f() { }'],
    ["that ends without its bracket", '{"a":1'],
    ["that ends between two of its parts", '{"filter":{"year":1}'],
    ["that ends with a list's string", '["a","b]'],
    ["that ends after a colon", '{"a":'],
    ["that is prose", "I would rather not."],
    ["that is empty", ""],
  ];
  test.each(rejectedCases)("but not %s", (_name, text) => {
    expect(readLoosely(text)).toBeNull();
  });
});

describe("arguments are coerced to the schema", () => {
  const rows: [name: string, tool: string, args: unknown, value: unknown, quirks: string[]][] = [
    ["not where they fit", "read_file", '{"path":"a","limit":1}', { path: "a", limit: 1 }, []],
    ["from an object", "read_file", { path: "a" }, { path: "a" }, []],
    ["from nothing", "list_files", undefined, {}, []],
    ["from null", "list_files", null, {}, []],
    ["from empty text", "list_files", "", {}, ["arguments_empty"]],
    ["from the text null", "list_files", "null", {}, ["arguments_empty"]],
    [
      "from a number in text",
      "read_file",
      '{"path":"a","limit":"42"}',
      { path: "a", limit: 42 },
      ["text_made_value"],
    ],
    [
      "from a fraction in text",
      "search",
      '{"query":"a","size":"-1.5e2"}',
      { query: "a", size: -150 },
      ["text_made_value"],
    ],
    [
      "from a boolean in text",
      "search",
      '{"query":"a","filter":{"exact":"True"}}',
      { query: "a", filter: { exact: true } },
      ["text_made_value"],
    ],
    [
      "from null for an optional one",
      "read_file",
      '{"path":"a","limit":null}',
      { path: "a" },
      ["null_dropped"],
    ],
    [
      "from a list in text",
      "search",
      '{"query":"a","tags":"[\\"x\\",\\"y\\"]"}',
      { query: "a", tags: ["x", "y"] },
      ["nested_json_decoded"],
    ],
    [
      "from an object in text",
      "search",
      '{"query":"a","filter":"{\\"year\\":2020}"}',
      { query: "a", filter: { year: 2020 } },
      ["nested_json_decoded"],
    ],
    [
      "from an object in text with numbers in text",
      "search",
      '{"query":"a","filter":"{\\"year\\":\\"2020\\"}"}',
      { query: "a", filter: { year: 2020 } },
      ["nested_json_decoded", "text_made_value"],
    ],
    [
      "from one value for a list",
      "search",
      '{"query":"a","tags":"x"}',
      { query: "a", tags: ["x"] },
      ["value_made_list"],
    ],
    [
      "from a number for text",
      "write_file",
      '{"path":"a","content":42}',
      { path: "a", content: "42" },
      ["value_made_text"],
    ],
    [
      "from an object for text",
      "write_file",
      '{"path":"a","content":{"b":1}}',
      { path: "a", content: '{"b":1}' },
      ["value_made_text"],
    ],
    [
      "from a choice in another case",
      "search",
      '{"query":"a","order":"NEWEST"}',
      { query: "a", order: "newest" },
      ["choice_case_mended"],
    ],
    [
      "from the whole object in text",
      "read_file",
      '"{\\"path\\":\\"a\\"}"',
      { path: "a" },
      ["arguments_encoded_twice"],
    ],
    [
      "and text that holds JSON stays text",
      "write_file",
      '{"path":"a","content":"[1,2]"}',
      { path: "a", content: "[1,2]" },
      [],
    ],
    ["and text that holds a number stays text", "read_file", '{"path":"42"}', { path: "42" }, []],
    [
      "and a regular expression stays whole",
      "search",
      '{"query":"\\d+"}',
      { query: "\\d+" },
      ["json_escapes_repaired"],
    ],
  ];
  test.each(rows)("%s", (_name, tool, args, value, quirks) => {
    const repaired = sent(tool, args);
    expect(repaired.problem).toBeNull();
    expect(repaired.arguments).toEqual(value);
    expect(repaired.quirks).toEqual(quirks);
  });

  test("through references and unions", () => {
    const tool = {
      ...offer("save", {}),
      original: {
        type: "object",
        properties: {
          item: { $ref: "#/$defs/item" },
          when: { anyOf: [{ type: "integer" }, { type: "null" }] },
        },
        required: ["item", "when"],
        $defs: {
          item: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
        },
      },
    };
    const context = { tools: [tool], cut: false, leaked: false };
    const repaired = repairCall(
      { name: "save", arguments: { item: '{"n":"1"}', when: "7" } },
      context,
    );
    expect(repaired).toMatchObject({ problem: null, arguments: { item: { n: 1 }, when: 7 } });
    const none = repairCall({ name: "save", arguments: { item: { n: 1 }, when: null } }, context);
    expect(none).toMatchObject({ problem: null, arguments: { when: null }, quirks: [] });
  });
});

describe("a branch of a union is taken only where the coerced value fits it", () => {
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  const list = {
    type: "object",
    properties: { n: { type: "array", items: { type: "string" } } },
    required: ["n"],
  };
  const root = { anyOf: [schema, list] };

  test("a later branch that fits is taken instead of the first", () => {
    // The first branch changes nothing, because the value is not a number there.
    expect(coerceTo({ n: "reed" }, root, root)).toEqual({
      value: { n: ["reed"] },
      quirks: ["value_made_list"],
    });
  });

  test("where no branch fits, the value and the quirks stay as they were", () => {
    const value = { n: { deep: true } };
    const narrow = { anyOf: [schema, { type: "object", properties: { n: { type: "boolean" } } }] };
    expect(coerceTo(value, narrow, narrow)).toEqual({ value, quirks: [] });
  });
});

describe("what cannot be repaired says what to fix", () => {
  const rows: [name: string, tool: string, args: unknown, words: string[]][] = [
    ["a missing argument", "read_file", "{}", ['"path"', "Required: path."]],
    ["an unknown argument", "read_file", '{"path":"a","colour":"red"}', ["colour", "path, limit"]],
    ["a word for a number", "read_file", '{"path":"a","limit":"many"}', ["limit", '"integer"']],
    [
      "a wrong type inside",
      "search",
      '{"query":"a","filter":{"year":"soon"}}',
      ["filter.year", '"integer"'],
    ],
    [
      "a wrong type in a list",
      "search",
      '{"query":"a","tags":[{"a":1},null]}',
      ["tags[1]", '"string"'],
    ],
    ["a choice that is none", "search", '{"query":"a","order":"random"}', ["order", "newest"]],
    ["text that is not JSON", "read_file", "path=a", ["not JSON"]],
    ["a list", "read_file", "[1]", ["one JSON object"]],
    ["a number", "read_file", "42", ["one JSON object"]],
    ["null for a required one", "read_file", '{"path":null}', ["path"]],
    ["a fraction for a whole number", "read_file", '{"path":"a","limit":"1.5"}', ["limit"]],
    ["an empty text for a number", "read_file", '{"path":"a","limit":""}', ["limit"]],
    [
      "digits beyond a number's",
      "read_file",
      '{"path":"a","limit":12345678901234567890}',
      ["limit", "write it as a string"],
    ],
    ["text that ends inside a string", "write_file", '{"path":"a","content":"b', ["not JSON"]],
  ];
  test.each(rows)("%s", (_name, tool, args, words) => {
    const { problem } = sent(tool, args);
    for (const word of words) expect(problem).toContain(word);
  });

  test("too many bytes", () => {
    const repaired = sent(
      "read_file",
      JSON.stringify({ path: "a".repeat(modelLimits.argumentsBytesMax) }),
    );
    expect(repaired.problem).toContain("larger than");
    expect(repaired.argumentsText).toHaveLength(modelLimits.argumentsBytesMax);
  });
});

describe("nothing is guessed for a tool with effects", () => {
  test("strict JSON that fits is taken", () => {
    expect(sent("pay", '{"amount":5,"to":"me"}')).toMatchObject({
      problem: null,
      arguments: { amount: 5, to: "me" },
    });
  });
  const rows: [string, unknown][] = [
    ["a comma too many", '{"amount":5,"to":"me",}'],
    ["a bad escape", '{"amount":5,"to":"\\d"}'],
    ["a fence", '```json\n{"amount":5,"to":"me"}\n```'],
    ["a number in text", '{"amount":"5","to":"me"}'],
    ["a number for text", '{"amount":5,"to":7}'],
    ["a null too many", '{"amount":5,"to":"me","note":null}'],
    ["an object in text", '"{\\"amount\\":5,\\"to\\":\\"me\\"}"'],
  ];
  test.each(rows)("%s is a problem", (_name, args) => {
    expect(sent("pay", args).problem).not.toBeNull();
  });
});

test("a cut reply is never repaired", () => {
  const repaired = repairCall(
    { name: "read_file", arguments: '{"path":"a"}' },
    { tools, cut: true, leaked: false },
  );
  expect(repaired).toMatchObject({ arguments: null, problem: expect.stringContaining("cut") });
});

describe("arguments that nest too deep", () => {
  const nest = (levels: number) => `${"[".repeat(levels)}1${"]".repeat(levels)}`;
  const args = (levels: number) => `{"path": ${nest(levels)}}`;

  test.each([65, 3_000, 50_000])("%i levels are refused, as text and as JSON", (levels) => {
    for (const sent of [args(levels), JSON.parse(args(levels)) as unknown]) {
      const [parsedCall] = readReply(
        chat({ tool_calls: [call("c", "read_file", sent)] }, "tool_calls"),
      ).calls;
      expect([parsedCall?.arguments, parsedCall?.problem]).toEqual([
        null,
        expect.stringContaining("64 levels deep"),
      ]);
    }
  });

  test("63 levels are read", () => {
    const [parsedCall] = readReply(chat({ tool_calls: [call("c", "read_file", args(63))] })).calls;
    expect(parsedCall?.problem ?? "").not.toContain("levels deep");
  });
});

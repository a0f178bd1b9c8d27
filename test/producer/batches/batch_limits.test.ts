/** Each limit of a batch at its edge: the maximum is valid, one more is not. */
import { expect, test } from "vitest";
import { lineLimits, parseBatch, parseLine } from "../../../producer/batches/batch_body.ts";
import { checkEntries, type Entry, Faults } from "../../../producer/batches/batch_input.ts";
import { groupsBySize } from "../../../producer/batches/expand.ts";
import { fillEntries } from "../../../producer/batches/items.ts";
import type { CheckScope } from "../../../producer/tasks/check/check_scope.ts";
import { batchLimits, taskLimits } from "../../../shared/limits.ts";
import { ok } from "../../../shared/result.ts";
import { readLines } from "../../../shared/text/lines.ts";

const scope: CheckScope = {
  model: "rehearsal",
  allowsRehearsal: true,
  now: 0,
  tools: [],
  available: null,
  checkPolicy: () => ok(null),
  checkModel: () => ok(null),
  seesPictures: () => true,
  checkWebhook: () => ok(null),
  validParts: new WeakSet(),
};
const rehearsal = [{ text: "yes" }];

async function* entriesOf(tasks: Iterable<object>): AsyncGenerator<Entry> {
  let line = 1;
  for (const task of tasks) yield { line: line++, body: ok(task) };
}

const check = (tasks: Iterable<object>, defaults = {}) =>
  checkEntries(entriesOf(tasks), defaults, scope, async () => {});

const repeat = (count: number, task: object) => Array<object>(count).fill(task);

test("a batch may have up to 50,000 tasks", async () => {
  const defaults = { prompt: "p", rehearsal };
  const valid = await check(repeat(batchLimits.tasksMax, {}), defaults);
  expect(valid).toMatchObject({ ok: true, value: { total: batchLimits.tasksMax } });
  const result = await check(repeat(batchLimits.tasksMax + 1, {}), defaults);
  expect(result).toMatchObject({ ok: false, error: { kind: "too_large" } });
});

test("a task with its defaults may have up to 1,000,000 bytes", async () => {
  const defaults = { rehearsal };
  const taskWith = (bytes: number) => ({
    prompt: "p".repeat(450_000),
    files: { a: { text: "x".repeat(bytes) } },
  });
  // The line with its newline, and the defaults.
  const fixed = JSON.stringify(taskWith(0)).length + 1 + JSON.stringify(defaults).length;
  const faultsOf = async (bytes: number) => {
    const result = await check([taskWith(bytes - fixed)], defaults);
    return result.ok ? result.value.faults.details : null;
  };
  expect(await faultsOf(taskLimits.bodyBytesMax)).toEqual([]);
  expect(await faultsOf(taskLimits.bodyBytesMax + 1)).toMatchObject([{ line: 1, path: "" }]);
});

test("the defaults may have up to 500,000 bytes", () => {
  const emptyBytes = JSON.stringify({ input: "" }).length;
  const parse = (bytes: number) =>
    parseBatch({ defaults: { input: "x".repeat(bytes - emptyBytes) }, tasks: [{}] });
  expect(parse(batchLimits.defaultsBytesMax).ok).toBe(true);
  expect(parse(batchLimits.defaultsBytesMax + 1)).toMatchObject({
    ok: false,
    error: { details: [{ path: "defaults" }] },
  });
});

test("the faults of up to 100 lines are listed", () => {
  const listOf = (count: number) => {
    const faults = new Faults();
    for (let index = 0; index < count; index++) {
      faults.add({ line: index + 1, index }, [{ path: "p", message: "m" }]);
    }
    return [faults.details.length, faults.unlisted];
  };
  expect(listOf(batchLimits.badLinesReportedMax)).toEqual([100, 0]);
  expect(listOf(batchLimits.badLinesReportedMax + 1)).toEqual([100, 1]);
});

const encoder = new TextEncoder();
async function kindsOf(parts: Iterable<Uint8Array>): Promise<string[]> {
  const stream = (async function* () {
    yield* parts;
  })();
  const kinds: string[] = [];
  for await (const line of readLines(stream, lineLimits)) kinds.push(line.kind);
  return kinds;
}

test.each([
  [lineLimits.lineBytesMax, ["line", "line"]],
  [lineLimits.lineBytesMax + 1, ["too_long", "line"]],
])("a line of %i bytes and a short one are read as %j", async (bytes, kinds) => {
  expect(await kindsOf([encoder.encode(`${"x".repeat(bytes)}\ny\n`)])).toEqual(kinds);
});

test.each([
  [0, "line"],
  [1, "too_much"],
])("a body of 100,000,000 bytes and %i more ends with: %s", async (extraBytes, last) => {
  const part = encoder.encode(`${"x".repeat(999_999)}\n`);
  const parts = [
    ...Array<Uint8Array>(100).fill(part),
    ...(extraBytes === 0 ? [] : [encoder.encode("x")]),
  ];
  expect((await kindsOf(parts)).at(-1)).toBe(last);
});

const nest = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

test.each([
  [taskLimits.jsonDepthMax, true],
  [taskLimits.jsonDepthMax + 1, false],
])("a line that nests %i levels deep is valid: %s", (depth, isValid) => {
  const bytes = encoder.encode(nest(depth));
  expect(parseLine({ kind: "line", number: 1, bytes }).ok).toBe(isValid);
});

test.each([
  [taskLimits.filledDepthMax, true],
  [taskLimits.filledDepthMax + 1, false],
])("a filled template that nests %i levels deep is valid: %s", async (depth, isValid) => {
  const item: unknown = JSON.parse(nest(depth - 1));
  const items = (async function* () {
    yield { line: 1, value: ok(item) };
  })();
  for await (const { body } of fillEntries(items, { input: "{{item}}" }, { time: "t" })) {
    expect(body.ok).toBe(isValid);
  }
});

test.each([
  [batchLimits.insertBytesMax, [2]],
  [batchLimits.insertBytesMax + 1, [1, 1]],
])("rows with %i bytes of JSON are inserted in groups of %j", (bytes, sizes) => {
  const half = Math.floor(bytes / 2);
  // Two quotes and a comma per row.
  const rows = ["x".repeat(half - 3), "x".repeat(bytes - half - 3)];
  expect(groupsBySize(rows).map((group) => group.length)).toEqual(sizes);
});

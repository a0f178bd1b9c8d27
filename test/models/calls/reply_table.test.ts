import { expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { request } from "../request.ts";
import { renderers } from "./render/renderers.ts";
import { type ReplyRow, replyTable } from "./replies/reply_table.ts";
import { shapes } from "./replies/wire_shape.ts";

/** The calls that would run: those without a problem. */
function runs({ body }: ReplyRow) {
  const outcome = normalise(body, request(), 0);
  if (!outcome.ok) return outcome.failure.message;
  return outcome.reply.calls
    .filter((call) => call.problem === null)
    .map(({ name, arguments: args }) => ({ name, arguments: args }));
}

const families = [...renderers.map(({ family }) => family), "calls on the wire"];
const groups = families.flatMap((family) =>
  shapes.map(({ name }) => [family, name] as [string, string]),
);

test.each(groups)("%s, as %s", (family, shape) => {
  const rows = replyTable.filter((row) => row.family === family && row.shape === shape);
  const results = rows.map((row) => [row.damage, runs(row)]);
  expect(results).toEqual(rows.map((row) => [row.damage, row.expectedCalls]));
});

test("the table is large, has every family and shape, and a third of its replies hold no call that runs", () => {
  const negatives = replyTable.filter((row) => row.expectedCalls.length === 0);
  console.log(`${replyTable.length} replies, ${negatives.length} of them without a call that runs`);
  expect(replyTable.length).toBeGreaterThanOrEqual(2_000);
  expect(negatives.length).toBeGreaterThanOrEqual(300);
  expect(replyTable.length - negatives.length).toBeGreaterThanOrEqual(400);
  expect(families.length).toBeGreaterThanOrEqual(30);
  expect(negatives.length / replyTable.length).toBeGreaterThan(1 / 3);
  expect(new Set(replyTable.map((row) => row.family)).size).toBe(families.length);
  expect(new Set(replyTable.map((row) => row.shape)).size).toBe(5);
});

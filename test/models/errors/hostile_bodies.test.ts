import { expect, test } from "vitest";
import { classify } from "../../../consumer/models/errors/classify.ts";
import { cpuMsOf } from "../../cpu_time.ts";

const filled = (part: string) => part.repeat(Math.ceil(4_000_000 / part.length));

test.each([
  ["openings of tags", `<html>${filled("<")}`],
  ["openings of styles", `<html>${filled("<style")}`],
  ["spaces", `<html>${filled(" ")}`],
  ["braces", filled("{")],
  ["digits", filled("1")],
])("an error body of 4 MB of %s costs under 250 ms", (_name, body) => {
  const error = { status: 500, body, retryAfter: null, nowMs: 0 };
  expect(cpuMsOf(() => classify(error))).toBeLessThan(250);
});

import { describe, expect, test } from "vitest";
import { parseTime } from "../../../producer/tasks/check/task_rules.ts";

describe("a time of a task", () => {
  test.each([
    "2028-02-30T06:00:00Z",
    "2027-02-29T00:00:00Z",
    "2027-04-31T12:00:00Z",
    "2027-05-01T24:30:00Z",
    "2027-11-31T08:00:00+02:00",
    "2027-13-01T00:00:00Z",
    "2027-05-01T10:00:60Z",
  ])("%s does not exist", (text) => {
    expect(parseTime(text)).toBeNaN();
  });

  test.each(["2028-02-29T00:00:00Z", "2028-05-01T08:00:00+02:00", "2026-12-31T23:59:59.999Z"])(
    "%s exists",
    (text) => {
      expect(parseTime(text)).toBe(Date.parse(text));
    },
  );
});

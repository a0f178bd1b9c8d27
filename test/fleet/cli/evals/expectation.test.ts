import { describe, expect, it } from "vitest";
import { parseExpectation } from "../../../../producer/cli/commands/evals/expectation.ts";

describe("`--expect`", () => {
  it.each([
    ["label", { kind: "exact", output: "/text", expect: "label" }],
    ["answer=label", { kind: "exact", output: "/answer", expect: "label" }],
    ["/a/0=label:text", { kind: "text", output: "/a/0", expect: "label" }],
    ["p=price:number", { kind: "number", output: "/p", expect: "price" }],
    ["p=price:number~0.01", { kind: "number", output: "/p", expect: "price", tolerance: 0.01 }],
    [
      "p=price:number~1%",
      { kind: "number", output: "/p", expect: "price", tolerance: 0.01, relative: true },
    ],
    ["t=tags:set~0.8", { kind: "set", output: "/t", expect: "tags", f1: 0.8 }],
    ["o=part:json", { kind: "json", output: "/o", expect: "part" }],
    ["answer=the label", { kind: "exact", output: "/answer", expect: "the label" }],
  ])("%s is read as a grader", (text, grader) => {
    expect(parseExpectation(text)).toEqual(grader);
  });

  it.each([
    ["answer="],
    ["=label"],
    ["a=b:fuzzy"],
    ["a=b:number~x"],
    ["a=b:number~-1"],
    ["a=b:json~1"],
  ])("%s is rejected with its syntax", (text) => {
    expect(() => parseExpectation(text)).toThrow(/--expect/);
  });
});

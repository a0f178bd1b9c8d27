import fc from "fast-check";
import { expect, test } from "vitest";
import { classesOf, decideVote } from "../../consumer/quality/vote.ts";

const ballots = (...labels: unknown[]) =>
  labels.map((label, index) => ({ sample: index + 1, output: { label, at: index } }));

test("answers are compared at the paths, and a missing value is not null", () => {
  const classes = classesOf(ballots("a", null, undefined, "a"), ["/label"]);
  expect(classes.map(({ value, samples }) => [value, samples])).toEqual([
    [{ "/label": "a" }, [1, 4]],
    [{ "/label": null }, [2]],
    [{}, [3]],
  ]);
});

test("without paths whole answers are compared, whatever the order of their keys", () => {
  const classes = classesOf(
    [
      { sample: 1, output: { a: 1, b: 2 } },
      { sample: 2, output: { b: 2, a: 1 } },
    ],
    [],
  );
  expect(classes).toHaveLength(1);
});

test("a path reads lists, escaped keys and own keys only", () => {
  const output = { list: [{ x: 1 }], "a/b": 2, "c~d": 3 };
  const [found] = classesOf(
    [{ sample: 1, output }],
    ["/list/0/x", "/a~1b", "/c~0d", "/list/01/x", "/constructor", "/list/length"],
  );
  expect(found?.value).toEqual({ "/list/0/x": 1, "/a~1b": 2, "/c~0d": 3 });
});

test("a vote is decided as soon as no order of the other samples can change it, and not before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.constantFrom("a", "b", "c", null), { minLength: 7, maxLength: 7 }),
      (count, wanted, labels) => {
        const need = Math.min(wanted, count);
        const cast = (upto: number) =>
          classesOf(
            labels.slice(0, upto).flatMap((label, index) => {
              return label === null ? [] : [{ sample: index + 1, output: label }];
            }),
            [],
          );
        const last = decideVote(cast(count), need, 0);
        const early = Array.from({ length: count }, (_, ran) =>
          decideVote(cast(ran), need, count - ran),
        ).find(({ kind }) => kind !== "open");
        const resultOf = (vote: typeof last) =>
          vote.kind === "won" ? vote.winner.value : vote.kind;
        expect(last.kind).not.toBe("open");
        if (early !== undefined) expect(resultOf(early)).toBe(resultOf(last));
      },
    ),
  );
});

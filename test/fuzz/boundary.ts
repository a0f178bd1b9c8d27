/** A place that untrusted input reaches, and what must hold for each input: no exception, no leak, a true answer. */
import fc from "fast-check";

export interface Boundary {
  name: string;
  /** One property over generated inputs. It throws when the boundary does not hold. */
  property: () => fc.IProperty<unknown> | fc.IAsyncProperty<unknown>;
}

export function hold(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(sentence);
}

/** Text made of pieces that a parser gives a meaning, and of anything else. */
export const textOf = (pieces: readonly string[], maxLength = 40): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...pieces) },
        { weight: 2, arbitrary: fc.string({ maxLength: 8 }) },
        { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
      ),
      { maxLength },
    )
    .map((parts) => parts.join(""));

/** The text in pieces of the given sizes, as a stream brings it. */
export function* piecesOf<T extends { length: number }>(
  whole: T & { slice(from?: number, to?: number): T },
  sizes: readonly number[],
): Generator<T> {
  let from = 0;
  for (let index = 0; from < whole.length; index += 1) {
    const to = Math.min(whole.length, from + (sizes[index % sizes.length] ?? 1));
    yield whole.slice(from, to);
    from = to;
  }
}

export const pieceSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

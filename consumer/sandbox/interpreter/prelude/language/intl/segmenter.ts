import { op } from "../../../protocol.ts";
import { ask } from "../../bridge.ts";
import { localesOf } from "./locale.ts";
import { askIntl } from "./request.ts";
import { matcherOf, objectOf } from "./values.ts";

interface Segment {
  segment: string;
  index: number;
  isWordLike?: boolean;
}

/** The segments of one text, asked for when they are first needed. */
class Segments {
  readonly #input: string;
  readonly #isWord: boolean;
  readonly #ask: () => Segment[];
  #list: Segment[] | undefined;

  constructor(input: string, isWord: boolean, askAll: () => Segment[]) {
    this.#input = input;
    this.#isWord = isWord;
    this.#ask = askAll;
  }
  #shown({ segment, index, isWordLike }: Segment): object {
    const input = this.#input;
    return this.#isWord ? { segment, index, input, isWordLike } : { segment, index, input };
  }
  #all(): Segment[] {
    this.#list ??= this.#ask();
    return this.#list;
  }
  *[Symbol.iterator](): Generator<object> {
    for (const segment of this.#all()) yield this.#shown(segment);
  }
  containing(position: unknown = 0): object | undefined {
    const offset = Math.trunc(Number(position)) || 0;
    const segment = this.#all().findLast(({ index }) => index <= offset);
    const isInside = offset >= 0 && offset < this.#input.length && segment !== undefined;
    return isInside ? this.#shown(segment) : undefined;
  }
}

export class Segmenter {
  readonly #locales: string[] | null;
  readonly #options: Record<string, unknown>;

  constructor(locales?: unknown, options?: unknown) {
    this.#locales = localesOf(locales);
    this.#options = objectOf(options);
    this.resolvedOptions();
  }
  segment(text: unknown): object {
    const input = String(text);
    const askAll = (): Segment[] =>
      askIntl("Segmenter", this.#locales ?? undefined, this.#options, "segment", [
        input,
      ]) as Segment[];
    return new Segments(input, this.#options.granularity === "word", askAll);
  }
  resolvedOptions(): unknown {
    return askIntl("Segmenter", this.#locales ?? undefined, this.#options, "resolvedOptions", []);
  }
  static supportedLocalesOf(locales: unknown, options?: unknown): unknown {
    const request = [
      "static",
      localesOf(locales),
      matcherOf(options),
      "supportedLocalesOf",
      ["Segmenter"],
    ];
    return ask(op.intl, request);
  }
  get [Symbol.toStringTag](): string {
    return "Intl.Segmenter";
  }
}

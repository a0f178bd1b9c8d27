/** Listings as OpenAI's clients page through them: `?after=&limit=` in, `{object: "list", data, has_more}` out. */

import { type Detail, done, type Outcome, stopped } from "../http/problem.ts";
import { shown } from "../tasks/explain.ts";

export interface PageAsked {
  after: string | null;
  limit: number;
  /** What else the query says, by name. */
  rest: ReadonlyMap<string, string>;
}

/** `choices` are further names that the query takes, with the values that each may have. */
export function readPage(
  query: URLSearchParams,
  takes: {
    isId: (text: string) => boolean;
    limitDefault: number;
    limitMax: number;
    choices?: Record<string, readonly string[]>;
  },
): Outcome<PageAsked> {
  const details: Detail[] = [];
  const rest = new Map<string, string>();
  let after: string | null = null;
  let limit = takes.limitDefault;
  const chosen = new Map(Object.entries(takes.choices ?? {}));
  const names = ["after", "limit", ...chosen.keys()];
  for (const [name, value] of query) {
    const refuse = (message: string) => details.push({ path: name, message });
    // A map, because every object has a "constructor".
    const choices = chosen.get(name);
    if (name === "after") {
      if (takes.isId(value)) after = value;
      else refuse(`write the id of the last entry instead of ${shown(value)}`);
    } else if (name === "limit") {
      limit = Number(value);
      if (!Number.isInteger(limit) || limit < 1 || limit > takes.limitMax) {
        refuse(`write a whole number from 1 to ${takes.limitMax} instead of ${shown(value)}`);
      }
    } else if (choices?.includes(value) === true) rest.set(name, value);
    else if (choices !== undefined) refuse(`write ${choices.join(" or ")}`);
    else refuse(`unknown: the query takes ${names.join(", ")}`);
  }
  const [first] = details;
  return first === undefined
    ? done({ after, limit, rest })
    : stopped({ kind: "refused", message: `${first.path}: ${first.message}`, details });
}

/** `rows` are one more than the page holds where another follows. */
export function pageOf<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { page: T[]; answer: (data: unknown[]) => Response } {
  const page = rows.slice(0, limit);
  return {
    page,
    answer: (data) =>
      Response.json({
        object: "list",
        data,
        first_id: page[0]?.id ?? null,
        last_id: page.at(-1)?.id ?? null,
        has_more: rows.length > limit,
      }),
  };
}

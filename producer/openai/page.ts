/** Listings as OpenAI's clients page through them: `?after=&limit=` in, `{object: "list", data, has_more}` out. */

/** `rows` are one more than the page holds where another follows. */
export function pageOf<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { page: T[]; answer: (data: readonly unknown[]) => Response } {
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

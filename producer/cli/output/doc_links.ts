/** Every page of a listing, one after the other. `query` is given each cursor in turn. */
export async function pagesOf<T>(
  query: URLSearchParams,
  read: (query: URLSearchParams) => Promise<{ page: T[]; next_cursor: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const { page, next_cursor } = await read(query);
    for (const one of page) all.push(one);
    if (next_cursor === null) return all;
    query.set("cursor", next_cursor);
  }
}

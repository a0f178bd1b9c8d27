/** All pages of a listing. `read` gets the cursor of the page, null for the first one. */
export async function readAllPages<T>(
  read: (cursor: string | null) => Promise<{ page: T[]; next_cursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const { page, next_cursor } = await read(cursor);
    for (const row of page) items.push(row);
    cursor = next_cursor;
  } while (cursor !== null);
  return items;
}

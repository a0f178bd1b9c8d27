/** Lists in OpenAI's format: `?after=&limit=` in, `{object: "list", data, has_more}` out. */
import { Type } from "@sinclair/typebox";
import { orNull } from "../http/values.ts";

export const Seconds = Type.Integer({ description: "seconds since 1970 UTC" });

export const toSeconds = (ms: number): number => Math.floor(ms / 1000);

/** The query field `after` of a list whose ids match `pattern`. */
export const afterId = (pattern: string) =>
  Type.String({ pattern, description: "the last id of the previous page" });

export const pageFields = {
  object: Type.Literal("list"),
  first_id: orNull(Type.String()),
  last_id: orNull(
    Type.String({ description: "the value of the parameter `after` for the next page" }),
  ),
  has_more: Type.Boolean(),
};

/** `rows` has one row more than `limit` if there is a next page. */
export function listPage<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { page: T[]; respond: (data: readonly unknown[]) => Response } {
  const page = rows.slice(0, limit);
  return {
    page,
    respond: (data) =>
      Response.json({
        object: "list",
        data,
        first_id: page[0]?.id ?? null,
        last_id: page.at(-1)?.id ?? null,
        has_more: rows.length > limit,
      }),
  };
}

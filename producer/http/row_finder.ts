import { err, ok, type Result } from "../../shared/result.ts";
import { notFound, type Problem } from "./problem.ts";
import type { RequestContext } from "./route.ts";

/** Finds the row that the path names, if it belongs to the caller. */
export const rowFinder =
  <Row>(
    subject: string,
    isId: (id: string) => boolean,
    read: (db: D1Database, tenant: string, id: string) => Promise<Row | null>,
  ) =>
  async ({ env, principal, param }: RequestContext): Promise<Result<Row, Problem>> => {
    const id = param("id");
    const row = isId(id) ? await read(env.DB, principal.tenant, id) : null;
    return row === null ? err(notFound(subject)) : ok(row);
  };

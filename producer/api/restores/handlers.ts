/** Restores: what was set aside, and a person's decision to run it. */
import { ok } from "../../../shared/result.ts";
import { readEpoch, resumeRestored } from "../../../shared/store/restores.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { sweep } from "../../sweep/sweep.ts";
import { isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { RestoreResponse, ResumeResponse } from "./responses.ts";

const handleGetRestore: Handler = async ({ env }) => {
  const { epoch, restored_at, parking } = await readEpoch(env.DB);
  const body: RestoreResponse = {
    epoch,
    restored_at: restored_at === null ? null : isoTime(restored_at),
    parking: parking === 1,
  };
  return ok(Response.json(body));
};

const handleResume: Handler = async ({ env, principal, url, waitUntil }) => {
  const query = readQuery(operations.ResumeQuery, url.searchParams);
  if (!query.ok) return query;
  const page = await resumeRestored(env.DB, principal.tenant, query.value.cursor ?? "");
  if (page.cursor === null) waitUntil(sweep(env));
  const body: ResumeResponse = { resumed: page.resumed, next_cursor: page.cursor };
  return ok(Response.json(body));
};

export const restoreRoutes: readonly Route[] = [
  route(operations.getRestore, handleGetRestore),
  route(operations.resumeRestored, handleResume),
];

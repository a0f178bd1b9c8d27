import type { ScheduleResponse } from "../../../api/schedules/responses.ts";
import { CommandError, exit, unwrap } from "../../exit.ts";
import { readAllPages } from "../../pages.ts";
import type { Session } from "../../session.ts";

export function listSchedules(session: Session): Promise<ScheduleResponse[]> {
  return readAllPages(async (cursor) => {
    const query = cursor === null ? {} : { cursor };
    const { schedules, next_cursor } = unwrap(
      await session.client()("GET /v1/schedules", { query }),
    );
    return { page: schedules, next_cursor };
  });
}

/** Finds a schedule by its name or its id. */
export async function findSchedule(session: Session, name: string): Promise<ScheduleResponse> {
  const match = name.startsWith("sched_")
    ? { id: name }
    : (await listSchedules(session)).find((schedule) => schedule.name === name);
  if (match === undefined) {
    throw new CommandError(
      exit.notFound,
      `there is no schedule "${name}": list them with fleet schedules`,
    );
  }
  return unwrap(await session.client()("GET /v1/schedules/:id", { id: match.id }));
}

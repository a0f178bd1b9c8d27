/** Pause and resume of what all tenants share: the fleet and its models. */

import { json, operation } from "../../http/operation.ts";
import { PausedAnswer } from "../schedules/responses.ts";

export const pauseModel = operation({
  id: "pauseModel",
  method: "POST",
  path: "/v1/models/:id/pause",
  scope: "admin",
  about: "Pauses a model: no task of it begins.",
  answers: { 202: json(PausedAnswer) },
  refuses: ["refused"],
});

export const resumeModel = operation({
  id: "resumeModel",
  method: "POST",
  path: "/v1/models/:id/resume",
  scope: "admin",
  about: "Resumes a model.",
  answers: { 202: json(PausedAnswer) },
  refuses: ["refused"],
});

export const getPauses = operation({
  id: "getPauses",
  method: "GET",
  path: "/v1/pause",
  scope: "read",
  about: "What is paused.",
  answers: { 200: json(PausedAnswer) },
});

export const pauseFleet = operation({
  id: "pauseFleet",
  method: "POST",
  path: "/v1/pause",
  scope: "admin",
  about: "Pauses the fleet: no task of any tenant begins.",
  answers: { 202: json(PausedAnswer) },
});

export const resumeFleet = operation({
  id: "resumeFleet",
  method: "POST",
  path: "/v1/resume",
  scope: "admin",
  about: "Resumes the fleet.",
  answers: { 202: json(PausedAnswer) },
});

/** Pause and resume of what all tenants share: the fleet and its models. */
import { json, operation } from "../../http/operation.ts";
import { PauseResponse } from "./responses.ts";

export const pauseModel = operation({
  id: "pauseModel",
  method: "POST",
  path: "/v1/models/:id/pause",
  scope: "admin",
  summary: "Pauses a model: none of its tasks starts.",
  responses: { 202: json(PauseResponse) },
  errors: ["refused"],
});

export const resumeModel = operation({
  id: "resumeModel",
  method: "POST",
  path: "/v1/models/:id/resume",
  scope: "admin",
  summary: "Resumes a model.",
  responses: { 202: json(PauseResponse) },
  errors: ["refused"],
});

export const getPauses = operation({
  id: "getPauses",
  method: "GET",
  path: "/v1/pause",
  scope: "read",
  summary: "Returns what is paused.",
  responses: { 200: json(PauseResponse) },
});

export const pauseFleet = operation({
  id: "pauseFleet",
  method: "POST",
  path: "/v1/pause",
  scope: "admin",
  summary: "Pauses the fleet: no task of any tenant starts.",
  responses: { 202: json(PauseResponse) },
});

export const resumeFleet = operation({
  id: "resumeFleet",
  method: "POST",
  path: "/v1/resume",
  scope: "admin",
  summary: "Resumes the fleet.",
  responses: { 202: json(PauseResponse) },
});

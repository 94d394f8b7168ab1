// A program of an agency's developer: every name below is checked against the types made from the OpenAPI document.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

declare const process: { env: Record<string, string | undefined> };

const client = createClient<paths>({ baseUrl: process.env.ADDRESS });
const agency = createClient<paths>({
  baseUrl: process.env.ADDRESS,
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});

const listed = await client.GET("/api/v1/datasets/firms/rows", {
  params: { query: { status: "active", staff__gte: 10, sort: "-staff", limit: 3, count: "exact", include: "place" } },
});
const one = await client.GET("/api/v1/datasets/firms/rows/{key}", { params: { path: { key: "F0001" } } });
const sought = await client.POST("/api/v1/datasets/firms/lookup", { body: { keys: ["F0002", "F9999"] } });
const refused = await client.GET("/api/v1/datasets/cases/rows");
const shared = await agency.GET("/api/v1/datasets/cases/rows", { params: { query: { limit: 2 } } });

console.log(
  JSON.stringify({
    codes: listed.data?.data.map((row) => row.firm_code),
    place: listed.data?.data[0]?.place?.name,
    total: listed.data?.page.total,
    name: one.data?.data.name,
    missing: sought.data?.missing,
    refused: refused.error?.code,
    shared: shared.data?.data.map((row) => row.channel),
  }),
);

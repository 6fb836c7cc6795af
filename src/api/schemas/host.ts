/** Schema of the machine that the server runs on. */
import { z } from 'zod';

const bytes = z.int().min(0);

export const hostSchema = z.object({
  version: z.string().describe('Of the server.'),
  hostname: z.string(),
  startedAt: z.iso.datetime().describe('When the server started.'),
  cpus: z.int().min(1),
  loadAverage: z.array(z.number()).describe('Over 1, 5 and 15 minutes.'),
  memory: z.object({ totalBytes: bytes, availableBytes: bytes }),
  swap: z.object({ totalBytes: bytes.describe('0 without swap.'), freeBytes: bytes }),
  storage: z
    .object({ totalBytes: bytes, availableBytes: bytes })
    .nullable()
    .describe('Of the file system with the tenant directories; null: unknown.'),
  descriptors: z
    .object({ used: z.int().min(0).nullable(), limit: z.int().min(0) })
    .describe('Open files of the server.'),
  instances: z.object({
    running: z.int().min(0),
    maxRunning: z.int().min(1),
    maxConcurrentStarts: z.int().min(1),
  }),
  server: z.object({ memoryBytes: bytes, cpuSeconds: z.number().min(0) }).describe("The server's own process."),
  cgroup: z
    .literal([1, 2])
    .nullable()
    .describe('Version of the cgroups that limit tenants; null: none, or not known yet.'),
  isolation: z
    .array(
      z.object({
        level: z.enum(['process', 'namespace', 'sandbox']),
        available: z.boolean(),
        reason: z.string().nullable().describe('What is missing.'),
      }),
    )
    .describe('Empty until the first check, which the first request starts, is over.'),
  notices: z.array(z.string()).describe('Warnings of `tenement check`.'),
});

// Statistics of the process itself: memory, processor time, event loop delay.

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { LogState } from '../log/log-output.js';
import { readVersion } from '../version.js';
import type { ProcessSnapshot } from './stats-schema.js';

/** How often the event loop's delay is sampled. Shorter intervals wake an idle program more often. */
const SAMPLE_INTERVAL_MS = 50;
/** The reported delay covers the current period and the one before. */
const PERIOD_MS = 30_000;

type Delays = ProcessSnapshot['eventLoopDelayMs'];
const NO_DELAYS: Delays = { p50: 0, p99: 0, max: 0 };

/** Monitors this process until it is closed. */
export class ProcessStats {
  readonly #version = readVersion();
  readonly #startedMs = Math.round(Date.now() - process.uptime() * 1000);
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: SAMPLE_INTERVAL_MS });
  #before = NO_DELAYS;
  #periodMs: number;

  constructor(nowMs: number) {
    this.#periodMs = nowMs;
    this.#delays.enable();
  }

  /** To be called about once a second. */
  sample(nowMs: number): void {
    if (nowMs - this.#periodMs < PERIOD_MS) return;
    this.#periodMs = nowMs;
    this.#before = this.#read();
    this.#delays.reset();
  }

  stats(cacheBytes: number, log: LogState): ProcessSnapshot {
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const now = this.#read();
    return {
      version: this.#version,
      node: process.versions.node,
      pid: process.pid,
      startedMs: this.#startedMs,
      uptimeMs: Math.round(process.uptime() * 1000),
      cpuMs: Math.round((cpu.user + cpu.system) / 1000),
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
      cacheBytes,
      eventLoopDelayMs: {
        p50: Math.max(now.p50, this.#before.p50),
        p99: Math.max(now.p99, this.#before.p99),
        max: Math.max(now.max, this.#before.max),
      },
      log: { ...log },
    };
  }

  close(): void {
    this.#delays.disable();
  }

  /** The histogram holds the times between two samples; what exceeds the requested interval is delay. */
  #read(): Delays {
    const delays = this.#delays;
    if (delays.count === 0) return NO_DELAYS;
    const late = (ns: number) => Math.max(0, Math.round(ns / 1e4 - SAMPLE_INTERVAL_MS * 100) / 100);
    return { p50: late(delays.percentile(50)), p99: late(delays.percentile(99)), max: late(delays.max) };
  }
}

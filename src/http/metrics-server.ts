import express from 'express';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import { startListening, type Listening } from './listening.js';
import { nothingHere, problemHandler } from './problem-handler.js';
import { resource } from './resource.js';

export interface MetricsServerOptions {
  host: string;
  port: number;
  registry: Registry;
  log: Logger;
}

/** `/metrics` in Prometheus' text format, on a port of its own that the outside needn't reach. */
export function startMetricsServer({ host, port, registry, log }: MetricsServerOptions): Promise<Listening> {
  const app = express().disable('x-powered-by').disable('etag');
  resource(app, '/metrics', {
    async get(_request, response) {
      response.set('content-type', registry.contentType).send(Buffer.from(await registry.metrics()));
    },
  });
  app.use(nothingHere, problemHandler(log));
  return startListening({ host, port, tls: null, app, upgrades: [], log });
}

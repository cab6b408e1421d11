import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Delivery {
  id: string;
  type: string;
  sequence: number;
  livemode: boolean;
  timestamp: string;
  data: Record<string, unknown>;
  /** The body as it came. */
  raw: string;
}

/** A CRM that takes events over HTTP and verifies each with the public package. */
export interface CrmServer {
  readonly url: string;
  /** Events in order of arrival, the first delivery of each. */
  readonly deliveries: Delivery[];
  /** Deliveries whose signature did not verify. */
  readonly forged: number;
  /** Status to answer with; 204 ordinarily. */
  status: number;
  /** Resolves with the first event of this type, now or later, that fits. */
  event(type: string, fits?: (delivery: Delivery) => boolean): Promise<Delivery>;
  close(): Promise<void>;
}

export async function startCrmServer(secret: string): Promise<CrmServer> {
  const webhook = new Webhook(secret);
  const deliveries: Delivery[] = [];
  const waiting = new Set<() => void>();
  let forged = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString();
      const id = String(request.headers['webhook-id']);
      try {
        webhook.verify(raw, request.headers as Record<string, string>);
      } catch {
        forged++;
        response.writeHead(401).end();
        return;
      }
      response.writeHead(crm.status).end();
      if (crm.status >= 300 || deliveries.some((delivery) => delivery.id === id)) return;
      deliveries.push({ id, raw, ...(JSON.parse(raw) as Omit<Delivery, 'id' | 'raw'>) });
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const crm: CrmServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    deliveries,
    status: 204,
    get forged() {
      return forged;
    },
    event(type, fits = () => true) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${type} came`)), 15_000);
        const look = () => {
          const found = deliveries.find((delivery) => delivery.type === type && fits(delivery));
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return crm;
}

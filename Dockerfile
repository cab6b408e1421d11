# syntax=docker/dockerfile:1
# Tonewall alone: no shell between the signals and Node, not root, and nothing written outside /data.
# Core dumps hold memory, and with it digits: run with `--ulimit core=0`, as compose.yaml does.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.web.json vite.config.ts ./
COPY scripts/build.mjs scripts/
COPY src src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Tonewall" \
      org.opencontainers.image.description="Telephone payments: the agent hears flat beeps, the CRM gets a token" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
# Volumes take the owner of the folder that they cover first.
RUN install -d -o node -g node -m 0700 /data /keys
COPY package.json LICENSE ./
COPY ivr-flows ivr-flows
COPY deploy/healthcheck.mjs deploy/
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# `node`, by number, so that an orchestrator can see that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["node", "deploy/healthcheck.mjs"]
CMD ["node", "--enable-source-maps", "--disable-proto=delete", "dist/main.js"]

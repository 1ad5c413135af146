# The web app is built where its tools are; the image that runs gets the files.
FROM node:24-slim AS console
WORKDIR /app
COPY package.json package-lock.json ./
COPY core/adapter/package.json core/adapter/
COPY sdk/package.json sdk/
COPY tenants-ui/package.json tenants-ui/
RUN npm ci --ignore-scripts
COPY sdk sdk
COPY tenants-ui tenants-ui
RUN npm run --workspace tenants-ui build

FROM node:24-slim

WORKDIR /app

# The bundled PostgreSQL is an optional package: the container is given a database.
COPY package.json package-lock.json ./
COPY core/adapter/package.json core/adapter/
COPY sdk/package.json sdk/
COPY tenants-ui/package.json tenants-ui/
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

COPY core core
COPY adapters adapters
COPY plugins plugins
COPY migrations migrations
COPY sdk sdk
COPY --from=console /app/tenants-ui/dist tenants-ui/dist

# `documents` may be a volume of its own, shared by all processes: a volume takes the owner of the folder it covers.
RUN mkdir -p /var/lib/pasarela/documents && chown -R node:node /var/lib/pasarela
USER node

ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PASARELA_DATA_DIR=/var/lib/pasarela
VOLUME /var/lib/pasarela
EXPOSE 3000 9464

# Not through npm: the process gets SIGTERM itself.
ENTRYPOINT ["node", "--conditions=pasarela"]
CMD ["core/server.ts"]

FROM node:24-slim

WORKDIR /app

# The bundled PostgreSQL is an optional package: the container is given a database.
COPY package.json package-lock.json ./
COPY core/adapter/package.json core/adapter/
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

COPY core core
COPY adapters adapters
COPY plugins plugins
COPY migrations migrations

RUN mkdir -p /var/lib/pasarela && chown node:node /var/lib/pasarela
USER node

ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PASARELA_DATA_DIR=/var/lib/pasarela
VOLUME /var/lib/pasarela
EXPOSE 3000

# Not through npm: the process gets SIGTERM itself.
ENTRYPOINT ["node", "--conditions=pasarela"]
CMD ["core/server.ts"]

// For whoever runs the server.

export default {
  name: 'Server',
  description: 'For whoever runs the server, and for programs that read its description.',
  requests: [
    {
      name: 'Is it alive?',
      description: 'The process lives. It does not ask the database, so a restart would help only if this fails.',
      method: 'GET',
      path: '/healthz',
      test: () => {
        pm.test('200: alive', () => {
          pm.response.to.have.status(200);
          pm.expect(pm.response.json().message).to.equal('alive');
        });
      },
    },
    {
      name: 'Is it ready?',
      description: 'The database answers, so people can log in. A load balancer asks this.',
      method: 'GET',
      path: '/readyz',
      test: () => {
        pm.test('200: ready', () => {
          pm.response.to.have.status(200);
          pm.expect(pm.response.json().message).to.equal('ready');
        });
      },
    },
    {
      name: 'Description of the API',
      description: 'Every route in OpenAPI 3.1, for programs that make clients. `/docs` shows the same to people.',
      method: 'GET',
      path: '/openapi.json',
      test: () => {
        pm.test('200: OpenAPI 3.1 of Bulla', () => {
          pm.response.to.have.status(200);
          const { openapi, info } = pm.response.json();
          pm.expect(openapi).to.match(/^3\.1\./);
          pm.expect(info.title).to.equal('Bulla');
        });

        pm.test('the routes of the walk are in it', () => {
          const { paths } = pm.response.json();
          for (const route of ['register', 'login', 'profile', 'logout']) {
            pm.expect(paths).to.have.property(`/api/auth/${route}`);
          }
        });
      },
    },
  ],
};

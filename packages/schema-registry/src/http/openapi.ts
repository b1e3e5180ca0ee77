/** The API's description, OpenAPI 3.1. */
export const openApi = {
  openapi: '3.1.0',
  info: { title: 'Braidlog schema registry', version: '0.1.0' },
  paths: {},
}

export * from '../../../testkit/test-connection.ts';

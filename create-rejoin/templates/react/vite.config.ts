import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { gameServer } from './dev-server.ts';

export default defineConfig({ plugins: [react(), gameServer()], server: { port: 3000 } });

-- Two finished jobs, so that a fresh development database is not empty. Not applied by `supabase db push`.
insert into public.jobs (id, kind, status, progress, provider, payload, result, finished_at)
values
(
    '00000000-0000-4000-8000-000000000001',
    'image', 'completed', 100, 'runpod', '{"prompt": "a lighthouse at dusk"}', '{"files": []}', now()
),
(
    '00000000-0000-4000-8000-000000000002',
    'video', 'failed', 40, 'runpod', '{"prompt": "a paper boat in the rain"}', '{"error": "out of memory"}', now()
)
on conflict (id) do nothing;

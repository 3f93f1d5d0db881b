"""Views of an agentic run beside its tables, as SQL."""

from collections.abc import Mapping

HANDY: Mapping[str, str] = {
    "rollouts": """
        SELECT id, task_id, agent_id, number, true AS accepted, 'accepted' AS stage,
            '' AS reason, '' AS blame, reward
        FROM trajectories
        UNION ALL
        SELECT id, task_id, agent_id, number, false, stage, reason, blame,
            TRY_CAST(json_extract(scores, '$.reward') AS DOUBLE)
        FROM rejects WHERE number >= 0 AND NOT failed""",
    "yield_by_stage": """
        WITH counted AS (
            SELECT (SELECT count(*) FROM tasks) AS tasks,
                (SELECT count(*) FROM rejects WHERE stage = 'tasks') AS refused_tasks,
                (SELECT count(*) FROM rollouts) AS rollouts,
                (SELECT count(*) FROM rejects WHERE stage = 'trajectories' AND NOT failed)
                    AS broken,
                (SELECT count(*) FROM rejects WHERE stage = 'verify') AS refuted,
                (SELECT count(*) FROM rejects WHERE stage = 'judge') AS disliked,
                (SELECT count(*) FROM trajectories WHERE judgement != '') AS liked
        ), stages AS (
            SELECT 1 AS number, 'tasks' AS stage, tasks + refused_tasks AS came, tasks AS passed
            FROM counted
            UNION ALL SELECT 2, 'trajectories', rollouts, rollouts - broken FROM counted
            UNION ALL SELECT 3, 'verify', rollouts - broken, rollouts - broken - refuted
            FROM counted
            UNION ALL SELECT 4, 'judge', liked + disliked, liked FROM counted
        )
        SELECT stage, came, passed, round(passed / nullif(came, 0), 4) AS share
        FROM stages ORDER BY number""",
    "quotas": """
        WITH wished AS (
            SELECT kind, wanted_tier AS tier, 1 AS wanted, 0 AS got FROM tasks
            UNION ALL SELECT kind, tier, 1, 0 FROM rejects WHERE stage = 'tasks'
            UNION ALL SELECT kind, if(wanted_tier IS NULL, NULL, tier), 0, 1 FROM tasks
        )
        SELECT coalesce(kind, 'all') AS kind, coalesce(tier, 'all') AS tier,
            sum(wanted)::BIGINT AS wanted, sum(got)::BIGINT AS got
        FROM wished WHERE tier IS NOT NULL
        GROUP BY GROUPING SETS ((kind, tier), (kind), (tier), ()) HAVING count(*) > 0
        ORDER BY kind, tier""",
    "pass_at_k": """
        WITH tried AS (
            SELECT t.kind, t.tier, task_id, count(*) AS n, count_if(accepted)::BIGINT AS c
            FROM rollouts JOIN tasks t ON t.id = task_id GROUP BY ALL
        ), each AS (
            SELECT kind, tier, task_id, k, 1 - if(n - c < k, 0.0,
                coalesce(list_product([1 - k / i for i in range(n - c + 1, n + 1)]), 1)) AS passed
            FROM (SELECT *, unnest(range(1, n + 1)) AS k FROM tried)
        ), grouped AS (
            SELECT coalesce(kind, 'all') AS kind, coalesce(tier, 'all') AS tier, k,
                count(*) AS tasks, avg(passed) AS p
            FROM each GROUP BY GROUPING SETS ((kind, tier, k), (k))
        )
        SELECT kind, tier, k, tasks, round(p, 4) AS pass_at_k,
            round(greatest(0, (p + z * z / (2 * tasks)
                - z * sqrt(p * (1 - p) / tasks + z * z / (4 * tasks * tasks)))
                / (1 + z * z / tasks)), 4) AS low,
            round(least(1, (p + z * z / (2 * tasks)
                + z * sqrt(p * (1 - p) / tasks + z * z / (4 * tasks * tasks)))
                / (1 + z * z / tasks)), 4) AS high
        FROM grouped, (SELECT 1.96 AS z) ORDER BY kind, tier, k""",
    "failure_pairs": """
        SELECT t.task_id, t.id AS accepted_id, r.id AS rejected_id, r.stage, r.reason, r.blame,
            t.messages AS accepted, r.messages AS rejected, t.tools, t.kind, t.tier,
            t.reward AS accepted_reward, r.reward AS rejected_reward
        FROM trajectories t JOIN rejects r ON r.task_id = t.task_id
        WHERE r.number >= 0 AND NOT r.failed
        QUALIFY row_number() OVER (PARTITION BY r.id ORDER BY t.number) = 1""",
    "calls_accepted": """
        SELECT DISTINCT l.id, t.id AS trajectory_id FROM (
            SELECT id, agent_id, unnest(CAST(json_extract_string(
                messages, '$[*].tool_calls[*].function.name') AS VARCHAR[])) AS called
            FROM trajectories) t
        JOIN (SELECT id, unnest(tools) AS tool FROM agents) a ON a.id = t.agent_id
        JOIN tools l ON l.id = a.tool AND l.name = t.called""",
    "uncompiled_by_reason": """
        SELECT reason, count(*) AS tools, count(DISTINCT server) AS servers,
            min(detail)[:60] AS for_example
        FROM compiled WHERE reason != '' GROUP BY reason ORDER BY tools DESC, reason""",
    "tools_by_agents": """
        SELECT l.name, l.server, coalesce(agents, 0) AS agents, coalesce(cores, 0) AS cores,
            c.reason = '' AS compiled, coalesce(c.reason, '') AS reason,
            coalesce(called, 0) AS called
        FROM tools l
        LEFT JOIN compiled c USING (id)
        LEFT JOIN (SELECT id, count(*) AS called FROM calls_accepted GROUP BY id) USING (id)
        LEFT JOIN (SELECT id, count(*) AS agents
            FROM (SELECT unnest(tools) AS id FROM agents) GROUP BY id)
            USING (id)
        LEFT JOIN (SELECT id, count(*) AS cores
            FROM (SELECT unnest(core) AS id FROM agents) GROUP BY id)
            USING (id)
        ORDER BY agents DESC, name""",
    "coverage_by_agents": """
        SELECT count(*) AS tools, count_if(compiled) AS compiled,
            count_if(agents > 0) AS with_an_agent, count_if(cores > 0) AS in_a_core,
            count_if(called > 0) AS called
        FROM tools_by_agents HAVING count(*) > 0""",
    "judge_and_verifiers": """
        WITH judged AS (
            SELECT true AS verified, judgement FROM trajectories WHERE judgement != ''
            UNION ALL
            SELECT stage = 'judge', json_extract(scores, '$.judgement')
            FROM rejects WHERE json_type(scores, '$.judgement') = 'OBJECT'
        )
        SELECT verified,
            CASE WHEN json_type(judgement, '$.score') = 'NULL' THEN 'unjudged'
                WHEN json_extract_string(judgement, '$.refused_by') = '' THEN 'liked'
                ELSE 'refused' END AS judge,
            count(*) AS rollouts,
            count_if(CAST(json_extract(judgement, '$.unjudged') AS INTEGER) > 0) AS with_unjudged
        FROM judged GROUP BY ALL ORDER BY ALL""",
}
"""Views beside the tables, by name. `pass_at_k` is the unbiased estimate of arXiv 2107.03374,
section 2.1, averaged over tasks, with Wilson's 95% interval over the tasks."""

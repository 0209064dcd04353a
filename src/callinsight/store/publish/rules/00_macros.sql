-- What hides a count, for all tables of the published copy. k is the smallest count that may be shown.
--
-- A count below k is small. Whoever knows the sum of a group (the total of a week, or of a topic) and all counts but the
-- hidden ones knows the sum of the hidden ones too. So the smallest other counts of the group hide with the small ones,
-- until each small one can still be at least room() different numbers for somebody who knows that sum, k, and even which
-- of the hidden counts are small: this is complementary suppression with a protection interval (Hundepool and others,
-- Statistical Disclosure Control, 2012, chapter 4). A hidden count that is not small is k or more and has no upper bound,
-- so with one such count in the group a small one can be anything from 1 to 1 + slack, where slack is what is left of the
-- sum when each hidden count is as low as it can be.
--
-- forced marks counts that hide for another reason, such as a topic whose questions give its small ones away. tie is a
-- text that orders equal counts, so that the same counts always hide.
CREATE OR REPLACE TEMP MACRO k() AS getvariable('k');
CREATE OR REPLACE TEMP MACRO room() AS least(3, k() - 1);
CREATE OR REPLACE TEMP MACRO is_small(calls) AS calls < k();
CREATE OR REPLACE TEMP MACRO some_small(counts) AS list_bool_or(list_transform(counts, lambda n: n > 0 AND n < k()));

CREATE OR REPLACE TEMP MACRO small_ones(calls, grp) AS count(*) FILTER (is_small(calls)) OVER (PARTITION BY grp);
CREATE OR REPLACE TEMP MACRO small_slack(calls, grp) AS
    coalesce(sum(calls - 1) FILTER (is_small(calls)) OVER (PARTITION BY grp), 0);
CREATE OR REPLACE TEMP MACRO forced_ones(calls, forced, grp) AS
    count(*) FILTER (forced AND NOT is_small(calls)) OVER (PARTITION BY grp);
CREATE OR REPLACE TEMP MACRO forced_slack(calls, forced, grp) AS
    coalesce(sum(calls - k()) FILTER (forced AND NOT is_small(calls)) OVER (PARTITION BY grp), 0);

-- Whether small counts alone protect one another: from the sum of n of them, each can be from
-- greatest(1, sum - (n - 1) * (k - 1)) to least(k - 1, sum - n + 1).
CREATE OR REPLACE TEMP MACRO small_suffice(n, slack) AS
    least(k() - 1, slack + 1) - greatest(1, slack + n - (n - 1) * (k() - 1)) + 1 >= room();

-- Whether the small and the forced counts of a group need no others.
CREATE OR REPLACE TEMP MACRO settled(calls, forced, grp) AS
    CASE
        WHEN forced_ones(calls, forced, grp) = 0
            THEN small_ones(calls, grp) = 0 OR small_suffice(small_ones(calls, grp), small_slack(calls, grp))
        ELSE small_ones(calls, grp) + forced_ones(calls, forced, grp) >= 2
            AND small_slack(calls, grp) + forced_slack(calls, forced, grp) >= room() - 1
    END;

-- Of the others, the smallest hide, one after another, until there is slack enough.
CREATE OR REPLACE TEMP MACRO hide(calls, forced, grp, tie) AS
    is_small(calls)
    OR forced
    OR (
        NOT settled(calls, forced, grp)
        AND (
            count(*) FILTER (NOT is_small(calls) AND NOT forced)
                OVER (PARTITION BY grp ORDER BY calls, tie ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) = 0
            OR small_slack(calls, grp) + forced_slack(calls, forced, grp) + coalesce(
                sum(calls - k()) FILTER (NOT is_small(calls) AND NOT forced)
                    OVER (PARTITION BY grp ORDER BY calls, tie ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                0) < room() - 1
        )
    );

-- Whether a group is still not protected with all of its counts hidden, so that its sum has to hide as well.
CREATE OR REPLACE TEMP MACRO exposed(calls, forced, grp) AS
    NOT settled(calls, forced, grp)
    AND (
        count(*) FILTER (NOT is_small(calls) AND NOT forced) OVER (PARTITION BY grp) = 0
        OR small_slack(calls, grp) + forced_slack(calls, forced, grp) + coalesce(
            sum(calls - k()) FILTER (NOT is_small(calls) AND NOT forced) OVER (PARTITION BY grp), 0) < room() - 1
    );

-- The lowest and the highest that a hidden count can be for somebody who knows the sum of its group; hidden marks the
-- counts that hide() hides.
CREATE OR REPLACE TEMP MACRO hidden_slack(calls, hidden, grp) AS
    coalesce(sum(calls - if(is_small(calls), 1, k())) FILTER (hidden) OVER (PARTITION BY grp), 0);
CREATE OR REPLACE TEMP MACRO lowest(calls, hidden, grp) AS
    CASE
        WHEN NOT is_small(calls) THEN k()
        WHEN count(*) FILTER (hidden AND NOT is_small(calls)) OVER (PARTITION BY grp) > 0 THEN 1
        ELSE greatest(1, small_slack(calls, grp) + small_ones(calls, grp) - (small_ones(calls, grp) - 1) * (k() - 1))
    END;
CREATE OR REPLACE TEMP MACRO highest(calls, hidden, grp) AS
    if(is_small(calls), least(k() - 1, 1 + hidden_slack(calls, hidden, grp)), k() + hidden_slack(calls, hidden, grp));

-- Whether a week or a month is over. In one that is not, every night would add a few calls, and whoever keeps two copies
-- would know the counts of one day. With k = 1 nothing is secret, and running_periods is the settings' own wish.
CREATE OR REPLACE TEMP MACRO is_over(first_day, unit) AS
    k() = 1 OR getvariable('running_periods') OR first_day + unit <= getvariable('today');

/* Three of the dearest rules in C, over the lanes of one block: the same arithmetic in the same order
   as labsim/self_improvement.py, labsim/strategies.py and labsim/draws.py, so that c_loop.py can ask
   for the same bits. Field k of lane c stands at [k][c], as in a block of labsim.

   Everything a rule chooses from is computed first and chosen with ?: last, because a branch would
   keep the compiler from running lanes side by side. Compile without contraction into fused
   multiply-adds, which round once where the rules round twice. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "layout.h" /* WIDTH and the places of fields, written by c_loop.py: they are declared in Python only */

typedef double lanes[WIDTH];
#define LAB(field) lab[lab_##field][c]
#define OTHER(field) other[lab_##field][c]
#define P(field) p[p_##field][c]
#define INLINE static inline __attribute__((always_inline)) /* a call left in a loop ends vectorisation */

enum { BEST = 12, EDIT_CAPABILITY, EDIT_ALIGNMENT, BELIEF, RIVAL = 21 };
static const double CEILING = 600.0, LEAST = 0.02, NOISY = 1.0, SECRET = 3.0, PUBLIC_SAFETY = 1.0;
static const double LN2_HIGH = 0.6931471803691238, LN2_LOW = 1.9082149292705877e-10, ROUND = 6755399441055744.0;

/* Not fmax and fmin: Python's max and min keep the first of two equal numbers, zeros of either sign included. */
INLINE double max(double a, double b) { return b > a ? b : a; }
INLINE double min(double a, double b) { return b < a ? b : a; }

INLINE int64_t bits(double x) { int64_t i; memcpy(&i, &x, 8); return i; }
INLINE double number(int64_t i) { double x; memcpy(&x, &i, 8); return x; }

INLINE double uniform(uint64_t key, uint64_t purpose) {
    uint64_t x = key + 0xD1B54A32D192ED03u * purpose;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    return ((double)(int64_t)(x >> 12) + 0.5) * 2.220446049250313e-16;
}

INLINE double exponential(double x, double *q) {
    x = min(max(x, -700.0), 700.0);
    double k = (x * 1.4426950408889634 + ROUND) - ROUND, r = (x - k * LN2_HIGH) - k * LN2_LOW;
    double s = 1.6059043836821613e-10 * r + 2.08767569878681e-09;
    s = (((s * r + 2.505210838544172e-08) * r + 2.755731922398589e-07) * r + 2.7557319223985893e-06) * r;
    s = (((s + 2.48015873015873e-05) * r + 0.0001984126984126984) * r + 0.001388888888888889) * r;
    s = (((s + 0.008333333333333333) * r + 0.041666666666666664) * r + 0.16666666666666666) * r + 0.5;
    *q = s * r * r + r;
    return number((int64_t)((uint64_t)bits(k + ROUND) << 52) + 4607182418800017408);
}
INLINE double expo(double x) { double q, scale = exponential(x, &q); return scale + scale * q; }
INLINE double expo_m1(double x) { double q, scale = exponential(x, &q); return scale * q + (scale - 1.0); }

INLINE double ln(double x) {
    int64_t i = bits(x), e = (i - 4604544271217802189) >> 52;
    double k = number(e + 4843621399236968448) - ROUND, f = number(i - (int64_t)((uint64_t)e << 52)) - 1.0;
    double s = f / (2.0 + f), z = s * s, w = 0.14798198605116586 * z + 0.15313837699209373;
    w = ((w * z + 0.1818357216161805) * z + 0.22222198432149784) * z + 0.2857142874366239;
    w = (w * z + 0.3999999999940942) * z + 0.6666666666666735;
    double h = 0.5 * f * f;
    return k * LN2_HIGH - ((h - (s * (h + z * w) + k * LN2_LOW)) - f);
}
INLINE double power(double x, double y) { return expo(y * ln(x)); }

INLINE double series(const double *k, double r) {
    return ((((((k[0] * r + k[1]) * r + k[2]) * r + k[3]) * r + k[4]) * r + k[5]) * r + k[6]) * r + k[7];
}
INLINE double normal_quantile(double u) {
    static const double A[] = {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
        45921.953931549871457, 13731.693765509461125, 1971.5909503065514427, 133.14166789178437745,
        3.387132872796366608};
    static const double B[] = {5226.495278852545925, 28729.085735721942674, 39307.89580009271061,
        21213.794301586595867, 5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0};
    static const double C[] = {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
        1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
        1.42343711074968357734};
    static const double D[] = {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
        0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0};
    double q = u - 0.5, r = 0.180625 - q * q, central = q * series(A, r) / series(B, r);
    double far = sqrt(-ln(min(u, 1.0 - u))) - 1.6, tail = series(C, far) / series(D, far);
    return fabs(q) <= 0.425 ? central : q < 0.0 ? -tail : tail;
}
INLINE double normal(uint64_t key, uint64_t purpose) { return normal_quantile(uniform(key, purpose)); }
INLINE double total(double so_far, double x) { return so_far + ((x + 6144.0) - 6144.0); }

INLINE double weeks_per_cycle(const lanes *lab, int c, double log_capability, double relative_share, double oversight) {
    double grown = max(0.0, log_capability), machine = (1.0 - LAB(automation)) * LAB(cycle_machine);
    double falls = LAB(cycle_machine_falls) * grown + LAB(cycle_compute_exponent) * ln(relative_share);
    double weeks = machine * expo(-falls) + LAB(cycle_review) * oversight + LAB(extra_weeks);
    return max(max(LAB(cycle_minimum), LAB(minimum_weeks)), weeks);
}

INLINE void improve_lane(lanes *lab, const lanes *other, const lanes *p, uint64_t key, int c) {
    (void)other, (void)p;
    double fooled = LAB(faked) * (1.0 - LAB(opened)), human = max(LAB(reviewed), LAB(arbitration));
    double seen = (1.0 - fooled) * LAB(anchor) * expo(-0.6931471805599453 * LAB(age) / LAB(faking_half_life));
    double own = LAB(checks) / (LAB(cycle_sigma_alignment) * LAB(cycle_sigma_alignment));
    double error = LAB(cycle_sigma_human) * expo(LAB(cycle_grip) * max(0.0, LAB(log_capability)));
    double second = human / (error * error);
    double a = (own * seen + second) / (own + second), variance = 1.0 / (own + second);

    double sharpness = LAB(cycle_sigma_capability), tau_c = LAB(cycle_tau_capability), tau_a = LAB(cycle_tau_alignment);
    double u = (1.0 - LAB(cycle_weight)) * (tau_c * tau_c) / max(1e-300, tau_c * tau_c + sharpness * sharpness);
    double v = LAB(cycle_weight) * (tau_a * tau_a) / (tau_a * tau_a + variance);
    double both = LAB(cycle_correlation) * tau_c * tau_a;
    double noise_c = u * u * sharpness * sharpness, noise = v * v * variance;
    double score = u * u * tau_c * tau_c + v * v * a * a * tau_a * tau_a + 2.0 * u * v * a * both + (noise_c + noise);
    double C = u * tau_c * tau_c + v * a * both, D = u * both + v * a * tau_a * tau_a, sd = sqrt(max(0.0, score));

    double slope_c = sd > 0.0 ? C / sd : 0.0, slope_a = sd > 0.0 ? D / sd : 0.0;
    double spread_c = sqrt(max(0.0, tau_c * tau_c - slope_c * slope_c));
    double common = LAB(cycle_correlation) * tau_c * tau_a - slope_c * slope_a;
    double joint = spread_c > 0.0 ? common / spread_c : 0.0;
    double spread_a = sqrt(max(0.0, tau_a * tau_a - slope_a * slope_a - joint * joint));
    double z = -normal_quantile(-expo_m1(ln(uniform(key, BEST)) / LAB(cycle_candidates)));
    double e = normal(key, EDIT_CAPABILITY);
    double gain_c = slope_c * z + spread_c * e;
    double gain_a = slope_a * z + joint * e + spread_a * normal(key, EDIT_ALIGNMENT);

    double rest = sd * z - u * gain_c - v * a * gain_a;
    double sharp = noise_c + noise > 0.0 ? noise_c / (noise_c + noise) : 1.0;
    double slope = noise > 0.0 ? v * variance / (noise_c + noise) : 0.0;
    double believed = a * gain_a + slope * rest + sqrt(variance * sharp) * normal(key, BELIEF);
    LAB(believed_gain) = believed;
    LAB(ratio) = C > 1e-12 ? max(0.0, D) / C : 0.0;

    double accepted = (LAB(reviewed) > 0.0) & (believed < LAB(cycle_veto)) ? 0.0 : 1.0;
    double factor = accepted * LAB(multiplier) * LAB(productivity);
    LAB(edit_capability) = min(factor * gain_c, CEILING - LAB(log_capability));
    LAB(edit_alignment) = min(factor * gain_a, CEILING - LAB(log_alignment));
    LAB(log_capability) = min(CEILING, LAB(log_capability) + LAB(edit_capability));
    LAB(log_alignment) = min(CEILING, LAB(log_alignment) + LAB(edit_alignment));
    LAB(multiplier) *= 1.0 + accepted * LAB(cycle_learning);
    LAB(gain) = 0.9 * LAB(gain) + 0.1 * factor * gain_c;
}

INLINE double foreseen_ratio(const lanes *lab, int c, double oversight) {
    double removed = LAB(phi_keep) - LAB(decision_foresight) * (LAB(phi_keep) - LAB(phi_remove));
    return removed + oversight * (LAB(phi_keep) - removed);
}

INLINE void size_up_risk_lane(lanes *lab, const lanes *other, const lanes *p, uint64_t key, int c) {
    double information = LAB(regime), noise = information == NOISY ? P(race_information_noise) : 0.0;
    double seen = OTHER(shown_capability) + noise * normal(key, RIVAL);
    double x = information <= NOISY ? seen : LAB(log_capability);
    double oversight = information == SECRET ? P(race_stated_oversight) : OTHER(shown_oversight);
    double gain = information == SECRET ? LAB(gain) : OTHER(shown_gain);
    double cycle = weeks_per_cycle(other, c, x, OTHER(share) * P(race_labs), oversight);
    double way = max(LEAST, P(competition_line) - x), weeks = way * cycle / max(LEAST, gain);

    double pull = power(LAB(rival_weeks) / weeks, LAB(decision_decisiveness));
    double measured = LAB(sees_safety) == PUBLIC_SAFETY ? OTHER(shown_measured) : LAB(measured);
    double growth = way * (1.0 - foreseen_ratio(lab, c, oversight));
    double gap = max(0.0, measured + growth - OTHER(cycle_research) * weeks);
    double risk = -expo_m1(-LAB(decision_caution) * P(harm_rate) * P(harm_after) * gap * gap);
    LAB(rival_pull) = total(LAB(rival_pull), pull);
    LAB(rival_harm) = total(LAB(rival_harm), pull * risk);
}

typedef struct { double win, run, end, length, worth; } option;

INLINE option outlook(const lanes *lab, const lanes *p, int c, double risk, double oversight, double sharing) {
    double gain = max(LEAST, LAB(gain)), m = LAB(measured);
    double gated = min(LAB(share), LAB(closed_cap) / P(race_labs)), share = oversight > 0.0 ? LAB(share) : gated;
    double cycle = weeks_per_cycle(lab, c, LAB(log_capability), share * P(race_labs), oversight);
    double way = max(LEAST, P(competition_line) - LAB(log_capability)), weeks = way * cycle / gain;
    double pull = power(LAB(rival_weeks) / weeks, LAB(decision_decisiveness)), length = min(weeks, LAB(rival_weeks));
    double unaligned = 1.0 - foreseen_ratio(lab, c, oversight), hazard = LAB(decision_caution) * P(harm_rate);
    double e = max(0.0, m + (gain / cycle * unaligned - LAB(cycle_research)) * length);
    double run = -expo_m1(-hazard * share * length * (e * e + e * m + m * m) / 156.0);
    double left = max(0.0, m + way * unaligned - LAB(cycle_research) * weeks);
    double end = -expo_m1(-hazard * P(harm_after) * left * left), win = pull / (pull + LAB(rival_pull));

    double safe = (1.0 - run) * (win * (1.0 - end) + (1.0 - win) * (1.0 - risk));
    double part = sharing / P(race_labs);
    double lost = (1.0 - win) * (1.0 - risk) * (1.0 - part) + win * (1.0 - end) * (sharing - part);
    double prize = safe - (1.0 - run) * (lost * P(competition_winner_share));
    double damages = LAB(liability) * (run + (1.0 - run) * win * end), ruin = LAB(decision_own_harm) * (1.0 - safe);
    double worth = expo(-LAB(decision_discount) * length / 52.0) * (prize - ruin - damages);
    return (option){win, run, end, length, worth};
}

INLINE void calculator_lane(lanes *lab, const lanes *other, const lanes *p, uint64_t key, int c) {
    (void)other, (void)key;
    double risk = LAB(rival_pull) > 0.0 ? LAB(rival_harm) / LAB(rival_pull) : 0.0;
    option keep = outlook(lab, p, c, risk, 1.0, LAB(sharing)), remove = outlook(lab, p, c, risk, 0.0, 0.0);
    double breach = LAB(required_oversight) > 0.0 ? 1.0 : 0.0;
    double sanction = breach * (LAB(inspections) + LAB(tips)) * LAB(detection) * LAB(fine) * remove.length / 52.0;
    double switching = LAB(oversight) > 0.0 ? LAB(decision_switch_cost) : -LAB(decision_switch_cost);
    double margin = remove.worth - keep.worth - sanction + LAB(taste) - switching;
    LAB(rival_risk) = risk, LAB(sanction) = sanction, LAB(margin) = margin, LAB(wanted) = margin > 0.0 ? 0.0 : 1.0;
    LAB(win_keep) = keep.win, LAB(run_risk_keep) = keep.run, LAB(end_risk_keep) = keep.end;
    LAB(weeks_keep) = keep.length, LAB(worth_keep) = keep.worth;
    LAB(win_remove) = remove.win, LAB(run_risk_remove) = remove.run, LAB(end_risk_remove) = remove.end;
    LAB(weeks_remove) = remove.length, LAB(worth_remove) = remove.worth;
}

/* The empty asm keeps the compiler from seeing that one repetition writes what the next writes again. */
#define FORGET __asm__ volatile("" ::: "memory")
#define LOOP(rule)                                                                                          \
    void rule(long times, lanes *restrict lab, const lanes *restrict other, const lanes *restrict p,        \
              const uint64_t *restrict keys) {                                                              \
        for (long again = 0; again < times; again++) {                                                      \
            _Pragma("GCC ivdep") for (int c = 0; c < WIDTH; c++) rule##_lane(lab, other, p, keys[c], c);    \
            FORGET;                                                                                         \
        }                                                                                                   \
    }
LOOP(improve)
LOOP(size_up_risk)
LOOP(calculator)

/* What packing costs: fields of lanes that completed a cycle, from wherever they stand, side by side. */
void gather(long times, lanes *restrict packed, const double *restrict labs, const int64_t *restrict fields,
            long count, const int64_t *restrict at) {
    for (long again = 0; again < times; again++) {
        for (long k = 0; k < count; k++) {
            _Pragma("GCC ivdep") for (int c = 0; c < WIDTH; c++) packed[fields[k]][c] = labs[at[c] + fields[k] * WIDTH];
        }
        FORGET;
    }
}

#ifndef AUGURY_LEDGER_H
#define AUGURY_LEDGER_H

#include <stdint.h>

/* Mirrors Task of library.py. Matrices are (days, symbols), one day after another; NaN is missing. */
typedef struct {
    int64_t days, symbols;
    const double *fill;      /* price an order fills at on that day; NaN: no bar, no fill */
    const double *close;     /* price a position is marked at; NaN: no bar, the last mark stands */
    const double *target;    /* decided at that day's close; NaN: no decision */
    const double *elapsed;   /* (days) calendar days since the row before */
    const int64_t *last_bar; /* (symbols) row of the last bar; -1: none */
    const double *impact;    /* price moved per square root of traded value; NULL: none */
    double cash, commission, commission_min, slippage, borrow, leverage_max;
    int64_t whole, in_shares, waits;
    double *work;            /* (4, symbols) scratch: shares, marks, pending, wanted */
    int32_t *listed;         /* (2, symbols + 1) scratch: who is sold, who is bought */
    double *daily;           /* (days, DAILY) */
    int32_t *trade_day, *trade_symbol;
    double *trade;           /* (room, TRADE) */
} Ledger;

enum { EQUITY, CASH, LONG, SHORT, TRADED, COMMISSION, SLIPPAGE, IMPACT, BORROW, DAILY };
enum { SHARES, PRICE, TRADE_COMMISSION, TRADE_SLIPPAGE, TRADE_IMPACT, TRADE };

int64_t augury_ledger_run(const Ledger *ledger);

#endif

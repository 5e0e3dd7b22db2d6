// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Escrow} from "./Escrow.sol";
import {Head} from "./Records.sol";
import {RecordLog} from "./RecordLog.sol";
import {Registry} from "./Registry.sol";

/**
 * @title Settlement of energy between pairs of parties by cumulative records that both have signed
 *
 * @notice Two parties `a < b` keep a chain of records off chain. Each record says what either side has owed the other
 * since the beginning (`cumA`, `cumB`), so the newest record pays for all before it and one call settles thousands.
 * Energy, price and payer of a record stand in its body. The body stays off chain; its hash is part of what is signed.
 *
 * What this contract enforces: both parties were registered for the whole service period, both have signed, `seq` rises,
 * no total ever falls, no total grows faster than its owner's daily cap, and the party that owes has the money. What it
 * cannot know: whether the meter told the truth and whether amounts follow from prices. Both are bound by hashes in the
 * body and are checked by the parties and by auditors.
 *
 * Its parts: Registry (parties and keys), Escrow (money), RecordLog (roots and published records), Records (what is
 * signed). There is no owner of the contract, no proxy and no pause: nobody can move money or change a rule.
 */
contract Settlement is Escrow, RecordLog {
    using SafeCast for int256;

    /**
     * @notice One of several settlements.
     * @param head The record without its body.
     * @param sigA Signature of the record for a.
     * @param sigB The same for b.
     */
    struct Signed {
        Head head;
        bytes sigA;
        bytes sigB;
    }

    /// @notice A record was settled. `payer` owed `due` net and paid `paid` of it to the other side of the pair.
    event Settled(address indexed a, address indexed b, uint64 indexed seq, bytes32 head, address payer, uint256 due, uint256 paid);
    /// @notice After a partial settlement `payer` still owes `missing`.
    event Shortfall(address indexed a, address indexed b, uint64 indexed seq, address payer, uint256 missing);
    /// @notice `payer` paid `paid` of what was left open by partial settlements.
    event Collected(address indexed a, address indexed b, address payer, uint256 paid);
    /// @notice One of several settlements failed with the error `reason`; it changed nothing.
    event NotSettled(address indexed a, address indexed b, uint64 indexed seq, bytes reason);

    /// @notice A record with this or a higher number was settled before.
    error StaleSeq(uint256 seq, uint256 settled);
    /// @notice A total is lower than in the newest settled record.
    error FallingTotal(address owner, uint256 total, uint256 settled);
    /// @notice The owner's total grows faster than its daily cap allows its signer. Later, or signed by the owner, it may pass.
    error DailyCapExceeded(address owner, uint256 growth, uint256 allowed);
    /// @notice Nothing is open between the two, or its payer has no money.
    error NothingToCollect(address a, address b);

    /**
     * @param token_ The money; see the note on plain ERC-20 at Escrow.
     * @param registrar_ Who registers and retires parties. May be a contract.
     */
    constructor(IERC20 token_, address registrar_) EIP712("Smart-MLA Settlement", "1") Registry(registrar_) Escrow(token_) {}

    /**
     * @notice Settles the newest record of a pair, and with it all records before. Anyone may send it.
     * @dev What the two owe each other is netted first: `due` = what a owes b less what b owes a, counted from the last
     * settlement, and only the side that owes more pays the difference. Its balance before this call must cover that
     * difference in full. Paid money stays in the pair, on the side of who earned it, where it secures later dues.
     * @param head The record without its body.
     * @param sigA Signature of the record for a; see Registry for which keys count.
     * @param sigB The same for b.
     */
    function settle(Head calldata head, bytes calldata sigA, bytes calldata sigB) external {
        _settle(head, sigA, sigB, 0, false);
    }

    /**
     * @notice Settles records of many pairs, each as `settle`. One that fails changes nothing, is named by a NotSettled
     * event, and does not hold up the others. Asked by a call without a transaction it tells beforehand which would fail.
     * @return reasons For each record the error that stopped it, empty where it was settled.
     */
    function settleMany(Signed[] calldata records) external returns (bytes[] memory reasons) {
        reasons = new bytes[](records.length);
        for (uint256 index = 0; index < records.length; index++) {
            Signed calldata one = records[index];
            try this.settle(one.head, one.sigA, one.sigB) {} catch (bytes memory reason) {
                reasons[index] = reason;
                emit NotSettled(one.head.a, one.head.b, one.head.seq, reason);
            }
        }
    }

    /**
     * @notice As `settle`, but where the money does not suffice all of it is paid and the rest stays booked as open.
     * The next settlement or `collect` takes it.
     */
    function settlePartial(Head calldata head, bytes calldata sigA, bytes calldata sigB) external {
        _settle(head, sigA, sigB, 0, true);
    }

    /**
     * @notice As `settlePartial`, for a record that one of its two parties logged while the keys that signed it were good,
     * and that have been rotated out or revoked since.
     * @param where Where in the log the record is.
     */
    function settleLogged(Head calldata head, bytes calldata sigA, bytes calldata sigB, Inclusion calldata where) external {
        _settle(head, sigA, sigB, _loggedAt(head, where), true);
    }

    /// @notice Pays what partial settlements left open, as far as the payer's side has money by now. Anyone may call it.
    function collect(address a, address b) external {
        Pair memory pair = _pairs[a][b];
        (address payer, uint256 owed, uint256 paid) = _pay(pair, a, b, pair.open);
        if (paid == 0) revert NothingToCollect(a, b);
        _pairs[a][b] = pair;
        emit Collected(a, b, payer, paid);
        if (paid < owed) emit Shortfall(a, b, pair.seq, payer, owed - paid);
    }

    function _settle(
        Head calldata head,
        bytes calldata sigA,
        bytes calldata sigB,
        uint256 loggedAt,
        bool partly
    ) private {
        _checkShape(head);
        Pair memory pair = _pairs[head.a][head.b];
        if (head.seq <= pair.seq) revert StaleSeq(head.seq, pair.seq);
        bytes32 digest_ = _digest(head);
        uint256 capA = _signedBy(head.a, head, digest_, sigA, loggedAt);
        uint256 capB = _signedBy(head.b, head, digest_, sigB, loggedAt);
        pair.usedA = _grow(head.a, pair.cumA, head.cumA, pair.usedA, capA);
        pair.usedB = _grow(head.b, pair.cumB, head.cumB, pair.usedB, capB);
        pair.head = digest_;
        _book(head, pair, partly);
    }

    /// @dev Pays and keeps an accepted record.
    function _book(Head calldata head, Pair memory pair, bool partly) private {
        int256 due = int256(pair.open) + int256(uint256(head.cumA - pair.cumA)) - int256(uint256(head.cumB - pair.cumB));
        (pair.cumA, pair.cumB, pair.seq) = (head.cumA, head.cumB, head.seq);
        (address payer, uint256 owed, uint256 paid) = _pay(pair, head.a, head.b, due);
        // What was paid in part was all that the payer had.
        if (paid < owed && !partly) revert InsufficientEscrow(payer, owed, paid);
        _pairs[head.a][head.b] = pair;
        emit Settled(head.a, head.b, head.seq, pair.head, payer, owed, paid);
        if (paid < owed) emit Shortfall(head.a, head.b, head.seq, payer, owed - paid);
    }

    /// @dev Cap that holds for the record: none where the owner itself has signed.
    function _signedBy(
        address owner,
        Head calldata head,
        bytes32 digest_,
        bytes calldata signature,
        uint256 loggedAt
    ) private view returns (uint256 cap) {
        Party memory party = _partyOf(owner);
        _checkPeriod(owner, party, head.start, head.end);
        return _checkSignature(owner, digest_, signature, head.end, loggedAt) ? NO_CAP : _capNow(party);
    }

    /**
     * @dev Lets a total grow within the cap. The time `used` runs ahead as the cap is used, at most a day beyond now, and
     * does not stay behind now: days that went by unused before a settlement are lost with it.
     * @return New `used`.
     */
    function _grow(address owner, uint256 settled, uint256 total, uint256 used, uint256 cap) private view returns (uint40) {
        if (total < settled) revert FallingTotal(owner, total, settled);
        if (used == 0) used = block.timestamp;
        uint256 growth = total - settled;
        if (cap != NO_CAP && growth > 0) {
            uint256 allowed = (cap * (block.timestamp + 1 days - used)) / 1 days;
            if (growth > allowed) revert DailyCapExceeded(owner, growth, allowed);
            used += Math.ceilDiv(growth * 1 days, cap);
        }
        return uint40(Math.max(used, block.timestamp));
    }

    /// @dev Moves what is due, as far as the payer has it, to the other side and keeps the rest as open.
    function _pay(
        Pair memory pair,
        address a,
        address b,
        int256 due
    ) private pure returns (address payer, uint256 owed, uint256 paid) {
        if (due >= 0) {
            (payer, owed) = (a, uint256(due));
            paid = Math.min(owed, pair.balanceA);
            pair.balanceA -= uint96(paid);
            pair.balanceB += uint96(paid);
            pair.open = (due - int256(paid)).toInt96();
        } else {
            (payer, owed) = (b, uint256(-due));
            paid = Math.min(owed, pair.balanceB);
            pair.balanceB -= uint96(paid);
            pair.balanceA += uint96(paid);
            pair.open = (due + int256(paid)).toInt96();
        }
    }
}

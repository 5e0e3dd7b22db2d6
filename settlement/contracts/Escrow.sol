// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Registry} from "./Registry.sol";

/**
 * @title The money of pairs
 *
 * @notice Each pair of parties has an escrow of its own with two sides. Money on a side secures what that side owes, and
 * takes in what the other side pays. No pair can reach the money of another.
 *
 * Money leaves in two ways, both by the owners' own keys, and always to the owner of the side:
 * - at once, where both owners have signed the amounts;
 * - by one owner alone, announced a WINDOW before. In that time the other side settles its newest record, which takes what
 *   it is owed first: the announced amount only ever shrinks to what is left. An announced withdrawal can be made during
 *   one WINDOW after it falls due, then it lapses, so nobody keeps one in stock. Who signs records of the pair subtracts
 *   what is announced from the balance.
 *
 * IMPORTANT: `token` must be a plain ERC-20: no fee on transfer, no rebasing. Amounts are in its smallest unit, which is to
 * be one micro-unit of the currency of the records.
 */
abstract contract Escrow is Registry {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /**
     * @notice Escrow and state of one pair.
     * @param balanceA Money on a's side.
     * @param balanceB Money on b's side. The two together stay below 2^96.
     * @param withdrawals How many withdrawals by both were made; the nonce of the next one.
     * @param cumA `cumA` of the newest settled record.
     * @param cumB `cumB` of the newest settled record.
     * @param open What a still owes b from settled records, net; negative where b owes a. Zero unless a settlement was partial.
     * @param seq Number of the newest settled record.
     * @param usedA Unix seconds up to which a's daily caps are used up: at the last settlement at least that time, and up to
     * a day more. Zero before the first deposit or settlement.
     * @param usedB The same for b.
     * @param head Digest of the newest settled record.
     */
    struct Pair {
        uint96 balanceA;
        uint96 balanceB;
        uint64 withdrawals;
        uint128 cumA;
        uint128 cumB;
        int96 open;
        uint64 seq;
        uint40 usedA;
        uint40 usedB;
        bytes32 head;
    }

    /**
     * @notice A withdrawal that one side has announced.
     * @param amount At most so much; zero for none.
     * @param from Unix seconds from which it can be made.
     * @param until Unix seconds until which it can be made.
     */
    struct Request {
        uint96 amount;
        uint40 from;
        uint40 until;
    }

    /**
     * @notice One of several deposits.
     * @param a Party with the lower address; registered.
     * @param b Party with the higher address; registered.
     * @param sideA True for a's side, false for b's.
     * @param amount Token units, above zero.
     */
    struct Deposit {
        address a;
        address b;
        bool sideA;
        uint128 amount;
    }

    bytes32 private constant WITHDRAWAL_TYPEHASH = keccak256(
        "Withdrawal(address a,address b,uint128 amountA,uint128 amountB,uint64 nonce,uint64 deadline)"
    );

    /// @notice The money.
    IERC20 public immutable token;

    /// @dev By a, then b.
    mapping(address a => mapping(address b => Pair)) internal _pairs;
    mapping(address a => mapping(address b => mapping(address owner => Request))) private _requests;

    /// @notice Money came in on one side of a pair.
    event Deposited(address indexed a, address indexed b, bool sideA, uint256 amount, address from);
    /// @notice Both parties took money out.
    event Withdrawn(address indexed a, address indexed b, uint64 nonce, uint256 amountA, uint256 amountB);
    /// @notice `owner`, one of the two, will take out up to `amount` between `from` and `until`.
    event WithdrawRequested(address indexed a, address indexed b, address indexed owner, uint256 amount, uint256 from, uint256 until);
    /// @notice `owner` will not.
    event WithdrawCancelled(address indexed a, address indexed b, address indexed owner);
    /// @notice `owner` took out `amount` as announced, as far as it was still there.
    event WithdrawExecuted(address indexed a, address indexed b, address indexed owner, uint256 amount);

    /// @notice An amount of zero.
    error ZeroAmount();
    /// @notice A pair holds less than 2^96 token units.
    error TooMuch(address a, address b, uint256 amount);
    /// @notice The payer's side of the pair holds less than is due.
    error InsufficientEscrow(address payer, uint256 due, uint256 balance);
    /// @notice The withdrawal was signed for another nonce.
    error WrongNonce(uint256 nonce, uint256 expected);
    /// @notice The withdrawal's deadline has passed.
    error Expired(uint256 deadline, uint256 time);
    /// @notice The owner itself must have signed this; its signer cannot.
    error NotOwner(address owner, address recovered);
    /// @notice The caller is not one of the two.
    error NotInPair(address caller, address a, address b);
    /// @notice Nothing was announced, or it has lapsed.
    error NoRequest(address owner);
    /// @notice The announced withdrawal is not due yet.
    error TooEarly(uint256 from, uint256 time);

    constructor(IERC20 token_) {
        if (address(token_) == address(0)) revert ZeroAddress();
        token = token_;
    }

    /**
     * @notice Pays into one side of a pair. Anyone may pay for anyone; the caller must have approved this contract.
     * @param a Party with the lower address; registered.
     * @param b Party with the higher address; registered.
     * @param sideA True for a's side, false for b's.
     * @param amount Token units, above zero.
     */
    function deposit(address a, address b, bool sideA, uint128 amount) external {
        _credit(Deposit(a, b, sideA, amount));
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Many deposits of one payer with one transfer; all or none.
    function depositMany(Deposit[] calldata deposits) external {
        uint256 total = 0;
        for (uint256 index = 0; index < deposits.length; index++) {
            _credit(deposits[index]);
            total += deposits[index].amount;
        }
        token.safeTransferFrom(msg.sender, address(this), total);
    }

    /**
     * @notice Takes money out at once: `amountA` from a's side to a and `amountB` from b's side to b. Both owners must have
     * signed with their own keys, so neither they nor a thief of a signer can leave before dues are settled. Parties that
     * were retired may still do this. What is open between the two stays open.
     * @param nonce `withdrawals` of the pair.
     * @param deadline Unix seconds until which the signatures are good.
     * @param sigA Signature of `Withdrawal(a, b, amountA, amountB, nonce, deadline)` by a.
     * @param sigB The same by b.
     */
    function withdraw(
        address a,
        address b,
        uint128 amountA,
        uint128 amountB,
        uint64 nonce,
        uint64 deadline,
        bytes calldata sigA,
        bytes calldata sigB
    ) external {
        _checkOrder(a, b);
        if (amountA == 0 && amountB == 0) revert ZeroAmount();
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        Pair storage pair = _pairs[a][b];
        if (nonce != pair.withdrawals) revert WrongNonce(nonce, pair.withdrawals);
        bytes32 digest_ = _hashTypedDataV4(
            keccak256(abi.encode(WITHDRAWAL_TYPEHASH, a, b, amountA, amountB, nonce, deadline))
        );
        _checkOwner(a, digest_, sigA);
        _checkOwner(b, digest_, sigB);
        if (amountA > pair.balanceA) revert InsufficientEscrow(a, amountA, pair.balanceA);
        if (amountB > pair.balanceB) revert InsufficientEscrow(b, amountB, pair.balanceB);
        pair.withdrawals = nonce + 1;
        pair.balanceA -= uint96(amountA);
        pair.balanceB -= uint96(amountB);
        emit Withdrawn(a, b, nonce, amountA, amountB);
        if (amountA > 0) token.safeTransfer(a, amountA);
        if (amountB > 0) token.safeTransfer(b, amountB);
    }

    /**
     * @notice Announces that the caller takes money out of its side without the other, one WINDOW from now. Replaces what
     * the caller announced before, and starts the WINDOW again.
     * @param a Party with the lower address.
     * @param b Party with the higher address; the caller is a or b.
     * @param amount Token units, above zero, at most what the caller's side holds.
     */
    function requestWithdraw(address a, address b, uint96 amount) external {
        uint96 balance = _sideOf(_pairs[a][b], a, b);
        if (amount == 0) revert ZeroAmount();
        if (amount > balance) revert InsufficientEscrow(msg.sender, amount, balance);
        uint40 from = _now() + uint40(WINDOW);
        uint40 until = from + uint40(WINDOW);
        _requests[a][b][msg.sender] = Request(amount, from, until);
        emit WithdrawRequested(a, b, msg.sender, amount, from, until);
    }

    /// @notice Takes back what the caller announced, so that the other side counts on the money again.
    function cancelWithdraw(address a, address b) external {
        if (_requests[a][b][msg.sender].amount == 0) revert NoRequest(msg.sender);
        delete _requests[a][b][msg.sender];
        emit WithdrawCancelled(a, b, msg.sender);
    }

    /**
     * @notice Pays the caller what it announced, or as much as is left of it after settlements and after what the caller
     * still owes from partial ones.
     */
    function executeWithdraw(address a, address b) external {
        Pair storage pair = _pairs[a][b];
        Request memory request = _requests[a][b][msg.sender];
        if (request.amount == 0 || block.timestamp > request.until) revert NoRequest(msg.sender);
        if (block.timestamp < request.from) revert TooEarly(request.from, block.timestamp);
        uint96 amount = _payable(request, pair, msg.sender == a);
        if (amount == 0) revert ZeroAmount();
        delete _requests[a][b][msg.sender];
        if (msg.sender == a) pair.balanceA -= amount;
        else pair.balanceB -= amount;
        emit WithdrawExecuted(a, b, msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /**
     * @notice State of a pair; all zero before the first deposit or settlement.
     * @return pair Escrow and newest settled record.
     * @return requestA What a has announced to take out, as much of it as could be paid now; zero where it has lapsed.
     * @return requestB The same for b.
     */
    function pairOf(
        address a,
        address b
    ) external view returns (Pair memory pair, Request memory requestA, Request memory requestB) {
        pair = _pairs[a][b];
        return (pair, _requestOf(_pairs[a][b], a, b, true), _requestOf(_pairs[a][b], a, b, false));
    }

    function _requestOf(Pair storage pair, address a, address b, bool sideA) private view returns (Request memory request) {
        request = _requests[a][b][sideA ? a : b];
        if (block.timestamp > request.until) return Request(0, 0, 0);
        request.amount = _payable(request, pair, sideA);
    }

    /// @dev What a side can take out of what it announced: never what it owes already.
    function _payable(Request memory request, Pair storage pair, bool sideA) private view returns (uint96) {
        int256 open = sideA ? pair.open : -int256(pair.open);
        uint256 balance = sideA ? pair.balanceA : pair.balanceB;
        uint256 free = open > 0 ? Math.saturatingSub(balance, uint256(open)) : balance;
        return uint96(Math.min(request.amount, free));
    }

    /// @dev The caller's balance.
    function _sideOf(Pair storage pair, address a, address b) private view returns (uint96) {
        if (msg.sender == a) return pair.balanceA;
        if (msg.sender == b) return pair.balanceB;
        revert NotInPair(msg.sender, a, b);
    }

    function _checkOwner(address owner, bytes32 digest_, bytes calldata signature) private view {
        _partyOf(owner);
        address recovered = _recover(digest_, signature);
        if (recovered != owner) revert NotOwner(owner, recovered);
    }

    function _credit(Deposit memory to) private {
        (address a, address b, uint256 amount) = (to.a, to.b, to.amount);
        _checkOrder(a, b);
        if (amount == 0) revert ZeroAmount();
        _partyOf(a);
        _partyOf(b);
        Pair storage pair = _pairs[a][b];
        if (pair.balanceA + pair.balanceB + amount > type(uint96).max) revert TooMuch(a, b, amount);
        if (to.sideA) pair.balanceA += uint96(amount);
        else pair.balanceB += uint96(amount);
        // The first money starts the days of the caps: before it none could be paid out.
        if (pair.usedA == 0) (pair.usedA, pair.usedB) = (_now(), _now());
        emit Deposited(a, b, to.sideA, amount, msg.sender);
    }
}
